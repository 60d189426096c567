"""Search spaces: the hyperparameters of a family, declared once as data and read by every tuner and by ``train``."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import UserError

Params = dict[str, Any]  # the hyperparameters of one fit: name to value
Conditions = dict[str, tuple]


@dataclass(frozen=True)
class Choice:
    """A categorical hyperparameter.

    Args:
        values: the allowed values, all strings or all numbers.
        when: dict from the name of another Choice to the values for which this hyperparameter is active.
    """

    values: tuple
    when: Conditions = field(default_factory=dict)

    def __contains__(self, value: object) -> bool:
        return value in self.values

    def parse(self, text: str) -> Any:
        """Parse a value; None if it is not an allowed one."""
        return next((value for value in self.values if _matches(value, text)), None)

    def __str__(self) -> str:
        return " | ".join(map(str, self.values))


@dataclass(frozen=True)
class Uniform:
    """A float between ``low`` and ``high`` (both included), drawn uniformly. ``when`` as in :class:`Choice`."""

    low: float
    high: float
    when: Conditions = field(default_factory=dict)

    def __contains__(self, value: Any) -> bool:
        return self.low <= value <= self.high

    def parse(self, text: str) -> float | None:
        """Parse a value, which may lie outside the range; None if it is not an allowed one.

        The range only limits searches. If it lies between 0 and 1, so must the value: it is a share.
        """
        value = _to_float(text)
        return value if value in self or 0 <= value < (1 if self.high <= 1 else math.inf) else None

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class LogUniform(Uniform):
    """A float between ``low`` and ``high``, both above 0, drawn uniformly on a logarithmic scale."""

    def parse(self, text: str) -> float | None:
        """Parse a value, which may lie outside the range; None if it is not above 0."""
        value = _to_float(text)
        return value if 0 < value < math.inf else None

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g} (log)"


@dataclass(frozen=True)
class Integer:
    """An integer out of ``low``, ``low + step``, … up to ``high``, drawn uniformly. ``when`` as in :class:`Choice`."""

    low: int
    high: int
    step: int = 1
    when: Conditions = field(default_factory=dict)

    @property
    def values(self) -> range:
        return range(self.low, self.high + 1, self.step)

    def __contains__(self, value: object) -> bool:
        return value in self.values

    def parse(self, text: str) -> int | None:
        """Parse a value, which may lie outside the range; None if it is not a whole number of at least 1."""
        value = _to_float(text)
        return int(value) if value.is_integer() and value >= 1 else None

    def __str__(self) -> str:
        return f"{self.low} to {self.high}" + (f" in steps of {self.step}" if self.step > 1 else "")


Dimension = Choice | Uniform | Integer
Space = dict[str, Dimension]  # a hyperparameter's name to its dimension


def active_names(space: Space, params: Mapping[str, Any]) -> list[str]:
    """The hyperparameters whose conditions are met by ``params``, in the order of the space."""
    return [
        name
        for name, dimension in space.items()
        if all(params.get(other) in values for other, values in dimension.when.items())
    ]


def drop_inactive(space: Space, params: Mapping[str, Any]) -> Params:
    """The params without those whose conditions are not met, in the order of the space."""
    return {name: params[name] for name in active_names(space, params)}


def parse_params(family: str, space: Space, defaults: Params, given: Mapping[str, str]) -> Params:
    """Complete hyperparameters from what a user typed.

    Args:
        family: the family's name, for messages.
        space: the family's search space.
        defaults: a value for each hyperparameter.
        given: the user's values, as text.

    Returns:
        A value for each active hyperparameter. Numbers may lie outside the range in which searches look
        (:func:`describe_outside`).

    Raises:
        UserError: an unknown name, a value that makes no sense, or a hyperparameter that is not active.
    """
    unknown = [name for name in given if name not in space]
    if unknown:
        raise UserError(f"{family} has no hyperparameter {', '.join(unknown)}: expected {describe(space)}")
    params = dict(defaults)
    for name, text in given.items():
        value = space[name].parse(text)
        if value is None:
            raise UserError(f"{name}={text} is outside the space of {family}: expected {describe(space)}")
        params[name] = value
    complete = drop_inactive(space, params)
    inactive = [name for name in given if name not in complete]
    if inactive:
        conditions = "; ".join(f"{name} needs {describe_conditions(space[name])}" for name in inactive)
        raise UserError(f"{', '.join(inactive)} has no effect with these values of {family}: {conditions}")
    return complete


def describe_outside(space: Space, params: Params) -> str:
    """The hyperparameters outside the range of searches, with the range: ``units=128 (16 to 64 in steps of 16)``."""
    return ", ".join(f"{name}={value} ({space[name]})" for name, value in params.items() if value not in space[name])


def describe(space: Space) -> str:
    """The space in one line: ``units: 16 to 64 in steps of 16; dropout: 0.1 to 0.5``."""
    return "; ".join(f"{name}: {dimension}" for name, dimension in space.items())


def describe_conditions(dimension: Dimension) -> str:
    """When a hyperparameter is active: ``kind=net|tree``."""
    return ", ".join(f"{name}={'|'.join(map(str, values))}" for name, values in dimension.when.items())


def format_params(params: Params) -> str:
    """Hyperparameters as a readable name: ``units=64 dropout=0.3``."""
    return " ".join(
        f"{name}={value:.3g}" if isinstance(value, float) else f"{name}={value}" for name, value in params.items()
    )


def _to_float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _matches(value: Any, text: str) -> bool:
    return value == text if isinstance(value, str) else value == _to_float(text)
