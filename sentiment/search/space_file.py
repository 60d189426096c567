"""A user's own search space: a YAML file that narrows a family's, for a search or a sweep over exactly these values.

    units: [32, 64]                          # one of these values
    dropout: {uniform: [0.1, 0.3]}           # a float in this range
    learning_rate: {log_uniform: [0.001, 0.01]}
    embedding_size: {integer: [32, 128], step: 32}
    size: 64                                 # this value

Hyperparameters that the file does not name keep the family's range; in a grid they stay at their defaults. A file for
several families has the lines of each family below its name.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from sentiment.errors import UserError
from sentiment.model.families import family_names, get_family
from sentiment.model.space import Choice, Dimension, Integer, LogUniform, Params, Space, Uniform, describe_conditions
from sentiment.model.training import Training

RANGES = {"uniform": Uniform, "log_uniform": LogUniform, "integer": Integer}
EXAMPLES = "{uniform: [low, high]}, {log_uniform: [low, high]}, {integer: [low, high], step: 1}"


def narrow_space(family: str, space: Space, defaults: Params, path: str, discrete: bool) -> tuple[Space, Params]:
    """A family's space and defaults, narrowed by a file.

    Args:
        family: the family's name, for messages.
        space: its search space.
        defaults: a value for each hyperparameter.
        path: of the file; empty for none.
        discrete: whether hyperparameters that the file does not name stay at their defaults (for a grid).

    Returns:
        The narrowed space, and defaults within it.

    Raises:
        UserError: the file cannot be read, or does not fit the family.
    """
    if not path:
        return space, defaults
    given = _read_file(path)
    if set(given) <= set(family_names()):
        given = {} if given.get(family) is None else given[family]
        if not isinstance(given, dict):
            raise UserError(f"{path}: {family}: {given}, expected lines of hyperparameters such as `units: [32, 64]`")
    unknown = [name for name in given if name not in space]
    if unknown:
        named = ", ".join(map(str, unknown))
        raise UserError(f"{path}: {family} has no hyperparameter {named}; it has {', '.join(space)}{_owner(given)}")
    result: Space = {}
    for name, dimension in space.items():
        if name in given:
            result[name] = _parse_dimension(f"{path}: {name}", given[name], dimension)
        else:
            result[name] = Choice((defaults[name],), dimension.when) if discrete else dimension
    for name in given:
        for other, values in result[name].when.items():
            condition = result[other]
            if isinstance(condition, Choice) and not set(values) & set(condition.values):
                conditions = describe_conditions(replace(result[name], when={other: values}))
                raise UserError(f"{path}: {name} has no effect, since it needs {conditions}")
    return result, {name: _nearest_value(dimension, defaults[name]) for name, dimension in result.items()}


def _owner(given: dict[str, Any]) -> str:
    """The families with all hyperparameters of a file, and how to name one in it; empty if none."""
    owners = [name for name in family_names() if set(given) <= set(get_family(name).search_space(Training())[0])]
    return f". For {' or '.join(owners)}, put the lines below `{owners[0]}:`, indented" if owners else ""


class _Loader(yaml.SafeLoader):
    """YAML 1.2's numbers and unique keys: PyYAML reads YAML 1.1, where 1e-3 is a string, and takes the last key."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        lines: dict[str, int] = {}
        for key, _ in node.value:
            line, name = key.start_mark.line + 1, str(key.value)
            if name in lines:
                raise yaml.YAMLError(f"lines {lines[name]} and {line} both give {name}: keep one of them")
            lines[name] = line
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
)


def _read_file(path: str) -> dict[str, Any]:
    try:
        given = yaml.load(Path(path).read_text(encoding="utf-8"), _Loader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"space={path} cannot be read as YAML: {error}") from error
    if not isinstance(given, dict) or not given:
        raise UserError(f"space={path}: expected a line for each hyperparameter, such as `units: [32, 64]`")
    return given


def _parse_dimension(where: str, given: Any, allowed: Dimension) -> Dimension:
    """The dimension that a file gives for a hyperparameter, checked to lie within the family's own.

    Args:
        where: the file and the name, for messages.
        given: its value in the file.
        allowed: the family's dimension.
    """
    if not isinstance(given, dict):
        return _parse_values(where, given, allowed)
    kinds = [kind for kind in RANGES if kind in given]
    bounds = given.get(kinds[0]) if len(kinds) == 1 else None
    rest = set(given) - {*kinds, *(["step"] if kinds == ["integer"] else [])}
    if rest or not (isinstance(bounds, list) and len(bounds) == 2 and all(_is_number(bound) for bound in bounds)):
        raise UserError(f"{where}: {given} is not a dimension, expected a list of values or one of {EXAMPLES}")
    low, high = bounds
    if isinstance(allowed, Choice) or not (low < high and _contains(allowed, low) and _contains(allowed, high)):
        raise UserError(f"{where}: {low} to {high} does not fit, expected a range within {allowed}")
    if kinds == ["integer"]:
        step = given.get("step", getattr(allowed, "step", 1))
        whole = all(isinstance(number, int) for number in (low, high, step)) and step > 0
        if not whole or any(value not in allowed for value in range(low, high + 1, step)):
            raise UserError(f"{where}: {given} does not fit, expected whole numbers from {allowed}")
        return Integer(low, high, step, allowed.when)
    if isinstance(allowed, Integer):
        raise UserError(f"{where}: {given} does not fit, expected whole numbers from {allowed}")
    if kinds == ["log_uniform"] and low <= 0:
        raise UserError(f"{where}: {given} does not fit, expected a range above 0 for log_uniform")
    return replace(RANGES[kinds[0]](low, high), when=allowed.when)


def _parse_values(where: str, given: Any, allowed: Dimension) -> Choice:
    values = tuple(given) if isinstance(given, list) else (given,)
    if isinstance(allowed, Integer):
        values = tuple(int(value) if isinstance(value, float) and value.is_integer() else value for value in values)
    elif isinstance(allowed, Uniform):  # Keras Tuner takes values of one type
        values = tuple(float(value) if _is_number(value) else value for value in values)
    else:  # 2.0 is the family's own 2
        values = tuple(
            allowed.values[allowed.values.index(value)] if _contains(allowed, value) else value for value in values
        )
    wrong = [value for value in values if not _contains(allowed, value)]
    if wrong or not values or len(set(values)) < len(values):
        raise UserError(f"{where}: {given} does not fit, expected distinct values from {allowed}")
    return Choice(values, allowed.when)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _contains(dimension: Dimension, value: Any) -> bool:
    """Whether a value is in a dimension; strings are never compared with numbers."""
    texts = isinstance(dimension, Choice) and isinstance(dimension.values[0], str)
    return (isinstance(value, str) if texts else _is_number(value)) and value in dimension


def _nearest_value(dimension: Dimension, value: Any) -> Any:
    """The value itself if it lies in a dimension, else the nearest one that does."""
    if value in dimension:
        return value
    if isinstance(dimension, (Choice, Integer)):
        values = list(dimension.values)
        return values[0] if isinstance(value, str) else min(values, key=lambda one: abs(one - value))
    return min(max(value, dimension.low), dimension.high)
