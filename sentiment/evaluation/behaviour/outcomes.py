"""The outcome of behaviour tests: which cases a model fails, by capability, with examples."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sentiment.evaluation.behaviour import FUNCTIONALITY, INVARIANCE, NOT_LOWER, Case

EXAMPLES = 3
TOLERANCE = 0.01  # a score may move this far in the wrong direction, which nobody would notice


def find_polarity(classes: Sequence[str]) -> dict[str, int]:
    """The positions of the negative and the positive class, by these words.

    Empty if a corpus has no such classes, or several of one polarity: *positive* and *very positive* would be
    ambiguous.

    Args:
        classes: class names, matched by their first letters, as in ``neg`` and ``Positive``.
    """
    found = {}
    for name in ("negative", "positive"):
        of_polarity = [number for number, label in enumerate(classes) if name[:3] in label.lower()]
        if len(of_polarity) != 1 or not classes[of_polarity[0]].lower().startswith(name[:3]):
            return {}
        found[name] = of_polarity[0]
    return found


def find_failures(cases: Sequence[Case], probabilities: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    """Whether each case fails.

    Args:
        cases: the cases.
        probabilities: float array of shape (texts, classes) for the texts of all cases, in order.
        classes: class names.

    Returns:
        Bool array of shape (cases,).
    """
    places = find_polarity(classes) | {name: number for number, name in enumerate(classes)}
    failed, row = np.zeros(len(cases), dtype=bool), 0
    for number, case in enumerate(cases):
        found = probabilities[row : row + len(case.texts)]
        row += len(case.texts)
        if case.kind == FUNCTIONALITY:
            failed[number] = found[0].argmax() != places[str(case.expected)]
        elif case.kind == INVARIANCE:
            failed[number] = found[0].argmax() != found[1].argmax()
        else:
            moved = found[1][places["positive"]] - found[0][places["positive"]]
            failed[number] = (moved < -TOLERANCE) if case.expected == NOT_LOWER else (moved > TOLERANCE)
    return failed


def summarize_by_capability(cases: Sequence[Case], failed: np.ndarray) -> list[dict[str, Any]]:
    """Failures of each capability, as dicts with capability, kind, cases, failures, failure_rate and examples.

    Args:
        cases: the cases.
        failed: what :func:`find_failures` returned for them.
    """
    groups: dict[tuple[str, str], list[tuple[Case, bool]]] = {}
    for case, fails in zip(cases, failed):
        groups.setdefault((case.kind, case.capability), []).append((case, bool(fails)))
    return [
        {
            "capability": capability,
            "kind": kind,
            "cases": len(group),
            "failures": (count := sum(fails for _, fails in group)),
            "failure_rate": count / len(group),
            "examples": [case.changed or case.text for case, fails in group if fails][:EXAMPLES],
        }
        for (kind, capability), group in groups.items()
    ]


def mean_failure_rate(summary: Sequence[Mapping[str, Any]]) -> float:
    """The mean of the capabilities' failure rates, 0 to 1."""
    return float(np.mean([row["failure_rate"] for row in summary]))


def select_applicable(cases: Sequence[Case], classes: Sequence[str]) -> list[Case]:
    """The cases that apply to these classes: only invariance if there is no positive and negative class."""
    return list(cases) if find_polarity(classes) else [case for case in cases if case.kind == INVARIANCE]


def failures_to_csv(cases: Sequence[Case], failed: Mapping[str, np.ndarray]) -> str:
    """Every failure as CSV with the columns family, kind, capability, expected, text and changed.

    Args:
        cases: the cases.
        failed: from a family to what :func:`find_failures` returned.
    """
    rows = [
        (family, case.kind, case.capability, case.expected or "the same label", case.text, case.changed)
        for family, failures in failed.items()
        for case, fails in zip(cases, failures)
        if fails
    ]
    columns = ["family", "kind", "capability", "expected", "text", "changed"]
    return pd.DataFrame(rows, columns=columns).to_csv(index=False)
