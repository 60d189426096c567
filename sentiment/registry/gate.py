"""The gate: a candidate becomes champion if it passes a fixed list of checks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sentiment.markdown import Marked, to_markdown
from sentiment.registry.candidate import Candidate
from sentiment.registry.checks import Check, Terms, accuracy, behaviour, comparable, labels, thresholds
from sentiment.tracking import GATE

CHECKS: tuple[Callable[[Candidate, Terms], list[Check]], ...] = (
    thresholds.check,
    comparable.check,
    accuracy.check,
    behaviour.check,
    labels.check,
)


@dataclass(frozen=True)
class Verdict:
    """The outcome of the gate.

    Args:
        passed: whether the candidate passes every check.
        reason: why, or why not.
        checks: the outcome of each check.
        is_champion: whether the candidate is the champion's model.
    """

    passed: bool
    reason: str
    checks: list[Check]
    is_champion: bool = False

    @property
    def promotes(self) -> bool:
        """Whether the candidate replaces the champion."""
        return self.passed and not self.is_champion

    @property
    def figures(self) -> dict[str, float]:
        return {name: value for check in self.checks for name, value in check.figures.items()}

    @property
    def outcome(self) -> str:
        """In a word, to be shown; tags only have passed and failed."""
        return "failed" if not self.passed else "forced" if any(check.forced for check in self.checks) else "passed"

    def tags(self) -> dict[str, str]:
        """A tag for each check."""
        return {
            f"{GATE}.{check.name}": f"{'passed' if check.passed else 'failed'}: {check.message}"
            for check in self.checks
        }

    def markdown(self) -> str:
        """The checks as a table; empty if there is none."""
        lines = [
            [check.name, "passed" if check.outcome == "passed" else Marked(f"**{check.outcome}**"), check.message]
            for check in self.checks
        ]
        return to_markdown([["gate", "", ""], *lines]) if lines else ""

    def as_dict(self) -> dict[str, Any]:
        """The content of gate.json."""
        checks = [
            {"name": check.name, "passed": check.passed, "said": check.message, "figures": check.figures}
            for check in self.checks
        ]
        return {"passed": self.passed, "reason": self.reason, "checks": checks}


def evaluate(candidate: Candidate, terms: Terms) -> Verdict:
    """Run every check on a candidate.

    Args:
        candidate: the winner of a comparison.
        terms: the gate's parameters by name, and ``force``: whether to replace a champion with other classes or
            another corpus.
    """
    checks = [result for check in CHECKS for result in check(candidate, terms)]
    for check in checks:
        if not check.passed:
            return Verdict(False, f"{check.name}: {check.message}", checks, candidate.is_champion)
    if candidate.champion is not None and candidate.is_champion:
        return Verdict(True, f"champion version {candidate.champion.version} is the same model", checks, True)
    default = "there was no champion" if candidate.champion is None else "every check passed"
    return Verdict(True, "; ".join(check.message for check in checks if check.is_reason) or default, checks)
