"""A user's own search space: a YAML file that narrows a family's, for a search or a sweep over exactly these values.

    units: [32, 64]                          # these values
    dropout: {uniform: [0.1, 0.3]}           # a number between, every one as likely
    learning_rate: {log_uniform: [0.001, 0.01]}
    embedding_size: {integer: [32, 128], step: 32}
    size: 64                                 # this value

What the file does not name keeps the family's range; in a grid it stays at the family's default. A file for several
families has the lines of each below its name.
"""

from dataclasses import replace
from pathlib import Path

import yaml

from sentiment.errors import UserError
from sentiment.model import families
from sentiment.model.space import Choice, Integer, LogUniform, Uniform

RANGES = {"uniform": Uniform, "log_uniform": LogUniform, "integer": Integer}


def narrowed(family, space, defaults, path, discrete):
    """A family's space and defaults, narrowed by a file.

    Args:
        family: the family's name, for messages.
        space: its space, a dict from a hyperparameter's name to its dimension.
        defaults: dict with a value for each hyperparameter.
        path: the file; empty for none.
        discrete: whether what the file does not name stays at its default (for a grid).

    Returns:
        A tuple of a space and of defaults that lie in it.

    Raises:
        UserError: the file cannot be read, or has something that does not fit the family.
    """
    if not path:
        return space, defaults
    given = _read(path)
    if set(given) <= set(families.families()):
        given = given.get(family) or {}
    unknown = [name for name in given if name not in space]
    if unknown:
        raise UserError(f"{path}: {family} has no hyperparameter {', '.join(unknown)}; it has {', '.join(space)}")
    result = {}
    for name, dimension in space.items():
        if name in given:
            result[name] = _dimension(f"{path}: {name}", given[name], dimension)
        else:
            result[name] = Choice((defaults[name],), dimension.when) if discrete else dimension
    for name in given:
        for other, values in result[name].when.items():
            if not set(values) & set(result[other].values):
                raise UserError(
                    f"{path}: {name} has no effect, since it goes with {other}={'|'.join(map(str, values))}"
                )
    return result, {name: _nearest(dimension, defaults[name]) for name, dimension in result.items()}


def _read(path):
    try:
        given = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"space={path} cannot be read as YAML: {error}") from error
    if not isinstance(given, dict) or not given:
        raise UserError(f"space={path}: expected a line a hyperparameter, such as `units: [32, 64]`")
    return given


def _dimension(where, given, allowed):
    """What stands behind a name, as a dimension that lies in the family's own."""
    if not isinstance(given, dict):
        values = tuple(given) if isinstance(given, list) else (given,)
        wrong = [value for value in values if isinstance(value, (bool, list, dict)) or not _lies_in(value, allowed)]
        if wrong or not values or len(set(values)) < len(values):
            raise UserError(f"{where}: {given} does not fit, expected different values out of {allowed}")
        return Choice(values, allowed.when)
    kinds = [kind for kind in RANGES if kind in given]
    bounds = given.get(kinds[0]) if len(kinds) == 1 else None
    rest = set(given) - {*kinds, *(["step"] if kinds == ["integer"] else [])}
    if rest or not (isinstance(bounds, list) and len(bounds) == 2 and all(_is_number(bound) for bound in bounds)):
        raise UserError(f"{where}: {given} is no dimension, expected a list of values or one of {_examples()}")
    low, high = bounds
    if isinstance(allowed, Choice) or not (low < high and _lies_in(low, allowed) and _lies_in(high, allowed)):
        raise UserError(f"{where}: {low} to {high} does not fit, expected to lie in {allowed}")
    if kinds == ["integer"]:
        step = given.get("step", getattr(allowed, "step", 1))
        whole = all(isinstance(number, int) for number in (low, high, step)) and step > 0
        if not whole or any(value not in allowed for value in range(low, high + 1, step)):
            raise UserError(f"{where}: {given} does not fit, expected whole numbers out of {allowed}")
        return Integer(low, high, step, allowed.when)
    if isinstance(allowed, Integer):
        raise UserError(f"{where}: {given} does not fit, expected whole numbers out of {allowed}")
    return replace(RANGES[kinds[0]](low, high), when=allowed.when)


def _examples():
    return "{uniform: [low, high]}, {log_uniform: [low, high]}, {integer: [low, high], step: 1}"


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _lies_in(value, dimension):
    """Whether a value is one of a dimension's, a text among texts and a number among numbers."""
    texts = isinstance(dimension, Choice) and isinstance(dimension.values[0], str)
    return isinstance(value, str) == texts and value in dimension


def _nearest(dimension, value):
    """The value itself where it lies in a dimension, else one that does."""
    if value in dimension:
        return value
    if isinstance(dimension, (Choice, Integer)):
        values = list(dimension.values)
        return values[0] if isinstance(value, str) else min(values, key=lambda one: abs(one - value))
    return min(max(value, dimension.low), dimension.high)
