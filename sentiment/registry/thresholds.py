"""Figures that a model has to reach whatever the champion has: ``accuracy>=0.85,latency_ms_p95<=50``."""

import math
import re
from dataclasses import dataclass

from sentiment.errors import UserError

# What a threshold may be on: figures of a family's row in comparison.json, accuracy being that of the test split.
FIGURES = (
    "accuracy",
    "f1_macro",
    "roc_auc",
    "log_loss",
    "calibration_error",
    "behaviour_failure_rate",
    "latency_ms_p50",
    "latency_ms_p95",
    "model_bytes",
    "train_seconds",
    "validation_accuracy",
)


@dataclass(frozen=True)
class Threshold:
    """A bound of a figure.

    Args:
        figure: one of ``FIGURES``.
        minimum: whether the figure has to be at least the bound, else at most.
        bound: a finite float.
    """

    figure: str
    minimum: bool
    bound: float

    @property
    def name(self):
        return f"{'minimum' if self.minimum else 'maximum'}_{self.figure}"

    def __str__(self):
        return f"{self.figure}{'>=' if self.minimum else '<='}{self.bound:g}"

    def holds(self, row):
        """Whether a row of comparison.json is within the bound."""
        return self.value(row) >= self.bound if self.minimum else self.value(row) <= self.bound

    def value(self, row):
        return row["test_accuracy" if self.figure == "accuracy" else self.figure]


def parse(name, text):
    """The thresholds of a parameter, a list; UserError where one cannot be understood."""
    return [_threshold(name, part.strip()) for part in text.split(",") if part.strip()]


def checked(name, text):
    """The text of a parameter, once it is known to hold thresholds."""
    parse(name, text)
    return text


def _threshold(name, text):
    match = re.fullmatch(r"(\w+)\s*(>=|<=)\s*(\S+)", text)
    try:
        bound = float(match[3]) if match else math.nan
    except ValueError:
        bound = math.nan
    if not math.isfinite(bound):
        raise UserError(f"{name}={text}: expected a figure, >= or <=, and a number, such as accuracy>=0.85")
    if match[1] not in FIGURES:
        raise UserError(f"{name}={text}: there is no figure {match[1]}: expected one of {', '.join(FIGURES)}")
    return Threshold(match[1], match[2] == ">=", bound)
