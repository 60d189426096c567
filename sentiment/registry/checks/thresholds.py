"""Fixed bounds on metrics, whatever the champion's are: ``accuracy>=0.85,latency_ms_p95<=50``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sentiment.errors import UserError
from sentiment.evaluation.metrics import METRICS, Metric, reaches
from sentiment.registry.checks import Check, Terms

if TYPE_CHECKING:  # main parses thresholds without numpy, which a candidate needs
    from sentiment.registry.candidate import Candidate


@dataclass(frozen=True)
class Threshold:
    """A bound on a metric.

    Args:
        metric: a row of the table of metrics.
        is_minimum: whether the value has to be at least the bound, else at most.
        bound: finite.
    """

    metric: Metric
    is_minimum: bool
    bound: float

    @property
    def name(self) -> str:
        return f"{'minimum' if self.is_minimum else 'maximum'}_{self.metric.name}"

    def __str__(self) -> str:
        return f"{self.metric.name}{'>=' if self.is_minimum else '<='}{self.bound:.15g}"

    def check(self, row: Mapping[str, Any]) -> Check:
        """Whether a row of comparison.json is within the bound."""
        if self.metric.key not in row:
            return Check(self.name, False, f"not measured by this compare run, expected {self}: run compare again")
        value = float(row[self.metric.key])
        passed = self._includes(value)
        # Enough digits to show on which side of the bound it is.
        rounded = (f"{value:.{digits}g}" for digits in range(4, 18))
        shown = next(text for text in rounded if self._includes(float(text)) == passed)
        return Check(self.name, passed, f"{shown}, expected {self}", {self.metric.name: value})

    def _includes(self, value: float) -> bool:
        return reaches(value, self.bound) if self.is_minimum else reaches(self.bound, value)


def check(candidate: Candidate, terms: Terms) -> list[Check]:
    """Whether the candidate is within each threshold of ``gates``."""
    return [threshold.check(candidate.row) for threshold in terms["gates"]]


def parse(parameter: str, text: str) -> list[Threshold]:
    """The thresholds in a text.

    Args:
        parameter: its name, for messages.
        text: comma-separated thresholds; may be empty.

    Raises:
        UserError: a threshold that cannot be parsed, on an unknown metric, or a second one of the same name.
    """
    found = [_parse_one(parameter, part.strip()) for part in text.split(",") if part.strip()]
    for threshold in found:
        same = [str(other) for other in found if other.name == threshold.name]
        if len(same) > 1:
            raise UserError(f"{parameter}={text}: {' and '.join(same)} bound the same metric: expected one of them")
    return found


def _parse_one(parameter: str, text: str) -> Threshold:
    match = re.fullmatch(r"(\w+)\s*(>=|<=)\s*(\S+)", text)
    try:
        bound = float(match[3]) if match else math.nan
    except ValueError:
        bound = math.nan
    if match is None or not math.isfinite(bound):
        raise UserError(f"{parameter}={text}: expected a metric, >= or <=, and a number, such as accuracy>=0.85")
    if match[1] not in METRICS:
        raise UserError(f"{parameter}={text}: there is no metric {match[1]}: expected one of {', '.join(METRICS)}")
    return Threshold(METRICS[match[1]], match[2] == ">=", bound)
