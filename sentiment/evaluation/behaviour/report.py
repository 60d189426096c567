"""What a model makes of behaviour tests: failures by capability, with examples."""

import numpy as np
import pandas as pd

from sentiment.evaluation.behaviour import FUNCTIONALITY, INVARIANCE, NOT_LOWER

EXAMPLES = 3
TOLERANCE = 0.01  # by which a score may move in the wrong direction: a rounding of what a person would see


def polarity(classes):
    """Which class is negative and which positive: a dict from these words to positions, empty where there are none.

    Args:
        classes: list of str; a class counts by the beginning of its name, as ``neg`` and ``Positive`` do.
    """
    found = {
        name: [number for number, label in enumerate(classes) if label.lower().startswith(name[:3])]
        for name in ("negative", "positive")
    }
    return {name: places[0] for name, places in found.items()} if all(len(p) == 1 for p in found.values()) else {}


def failures(cases, probabilities, classes):
    """Whether each case fails.

    Args:
        cases: list of :class:`sentiment.evaluation.behaviour.Case`.
        probabilities: float array of shape (texts, classes), of the cases' texts one after the other.
        classes: list of str.

    Returns:
        bool array of shape (cases,).
    """
    places = polarity(classes) | {name: number for number, name in enumerate(classes)}
    result, row = np.zeros(len(cases), dtype=bool), 0
    for number, case in enumerate(cases):
        found = probabilities[row : row + len(case.texts)]
        row += len(case.texts)
        if case.kind == FUNCTIONALITY:
            result[number] = found[0].argmax() != places[case.expected]
        elif case.kind == INVARIANCE:
            result[number] = found[0].argmax() != found[1].argmax()
        else:
            moved = found[1][places["positive"]] - found[0][places["positive"]]
            result[number] = (moved < -TOLERANCE) if case.expected == NOT_LOWER else (moved > TOLERANCE)
    return result


def by_capability(cases, failed):
    """Failures of each capability: a list of dicts with capability, kind, cases, failures, failure_rate and examples."""
    groups = {}
    for case, wrong in zip(cases, failed):
        groups.setdefault((case.kind, case.capability), []).append((case, wrong))
    return [
        {
            "capability": capability,
            "kind": kind,
            "cases": len(group),
            "failures": (count := sum(int(wrong) for _, wrong in group)),
            "failure_rate": count / len(group),
            "examples": [case.changed or case.text for case, wrong in group if wrong][:EXAMPLES],
        }
        for (kind, capability), group in groups.items()
    ]


def applicable(cases, classes):
    """The cases that a corpus with these classes allows: without a positive and a negative one only invariance."""
    return cases if polarity(classes) else [case for case in cases if case.kind == INVARIANCE]


def failures_csv(cases, failed):
    """Every failure as CSV: family, kind, capability, expected, text and changed.

    Args:
        cases: list of :class:`sentiment.evaluation.behaviour.Case`.
        failed: dict from a family to what :func:`failures` gave.
    """
    rows = [
        (family, case.kind, case.capability, case.expected or "the same label", case.text, case.changed)
        for family, wrong in failed.items()
        for case, one in zip(cases, wrong)
        if one
    ]
    return pd.DataFrame(rows, columns=["family", "kind", "capability", "expected", "text", "changed"]).to_csv(
        index=False
    )
