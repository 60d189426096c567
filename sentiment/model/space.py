"""Search spaces: a family's hyperparameters declared once, as data, and read by every tuner and by ``train``."""

import math
from dataclasses import dataclass, field

from ..errors import UserError


@dataclass(frozen=True)
class Choice:
    """One of some values, which are all strings or all numbers.

    Args:
        values: tuple of the values.
        when: dict from another Choice's name to the values with which this hyperparameter has a meaning.
    """

    values: tuple
    when: dict = field(default_factory=dict)

    def __contains__(self, value):
        return value in self.values

    def parse(self, text):
        return next((value for value in self.values if _same(value, text)), None)

    def __str__(self):
        return " | ".join(map(str, self.values))


@dataclass(frozen=True)
class Uniform:
    """A number from ``low`` to ``high``, every one as likely. ``when`` as in :class:`Choice`."""

    low: float
    high: float
    when: dict = field(default_factory=dict)

    def __contains__(self, value):
        return self.low <= value <= self.high

    def parse(self, text):
        value = _number(text)
        return value if value in self else None

    def __str__(self):
        return f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class LogUniform(Uniform):
    """A number from ``low`` to ``high``, every order of magnitude as likely. Both are above 0."""

    def __str__(self):
        return f"{self.low:g} to {self.high:g} (log)"


@dataclass(frozen=True)
class Integer:
    """``low``, ``low + step``, … up to ``high``, whole numbers, every one as likely. ``when`` as in :class:`Choice`."""

    low: int
    high: int
    step: int = 1
    when: dict = field(default_factory=dict)

    @property
    def values(self):
        return range(self.low, self.high + 1, self.step)

    def __contains__(self, value):
        return value in self.values

    def parse(self, text):
        value = _number(text)
        return int(value) if value in self else None

    def __str__(self):
        return f"{self.low} to {self.high}" + (f" in steps of {self.step}" if self.step > 1 else "")


def active(space, point):
    """The names of the space that have a meaning at a point, in the space's order."""
    return [
        name
        for name, dimension in space.items()
        if all(point.get(other) in values for other, values in dimension.when.items())
    ]


def resolve(family, space, defaults, given):
    """A full point of a family's space from what a user typed.

    Args:
        family: the family's name, for messages.
        space: dict from a hyperparameter's name to its dimension.
        defaults: dict with a value for each hyperparameter.
        given: dict of str to str.

    Returns:
        A dict with a value for each hyperparameter that has a meaning at this point.

    Raises:
        UserError: an unknown name, a value outside its range, or one that has no meaning beside the others.
    """
    unknown = [name for name in given if name not in space]
    if unknown:
        raise UserError(f"{family} has no hyperparameter {', '.join(unknown)}: expected {describe(space)}")
    point = dict(defaults)
    for name, text in given.items():
        value = space[name].parse(text)
        if value is None:
            raise UserError(f"{name}={text} is outside the space of {family}: expected {describe(space)}")
        point[name] = value
    meant = active(space, point)
    idle = [name for name in given if name not in meant]
    if idle:
        condition = "; ".join(
            f"{name} goes with "
            + ", ".join(f"{key}={'|'.join(map(str, values))}" for key, values in space[name].when.items())
            for name in idle
        )
        raise UserError(f"{', '.join(idle)} has no effect at this point of {family}: {condition}")
    return {name: point[name] for name in meant}


def describe(space):
    """The space in one line: ``units: 16 to 64 in steps of 16; dropout: 0.1 to 0.5``."""
    return "; ".join(f"{name}: {dimension}" for name, dimension in space.items())


def label(point):
    """A point as a readable name: ``units=64 dropout=0.3``."""
    return " ".join(
        f"{name}={value:.3g}" if isinstance(value, float) else f"{name}={value}" for name, value in point.items()
    )


def _number(text):
    try:
        return float(text)
    except ValueError:
        return math.nan


def _same(value, text):
    return value == text if isinstance(value, str) else value == _number(text)
