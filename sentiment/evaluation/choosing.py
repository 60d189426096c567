"""Choose the winning family: by validation accuracy, or by cost among those that are shown not to be worse."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sentiment.evaluation.statistics import SIGNIFICANT, compare_paired

RULES = {"accuracy": None, "fastest_within": "latency_ms_p50", "smallest_within": "model_bytes"}


def choose(
    rule: str, rows: Sequence[Mapping[str, Any]], correct: Mapping[str, np.ndarray], margin: float
) -> tuple[list[Mapping[str, Any]], str]:
    """Rank the families; nothing that is read here comes from the labels of the test split.

    Args:
        rule: ``accuracy``; or ``fastest_within`` or ``smallest_within``, the fastest or smallest of the best family and
            those that are not inferior to it.
        rows: rows with family, validation_accuracy, validation_log_loss and the cost that the rule looks at.
        correct: from a family to a bool array of shape (validation documents,).
        margin: by how much, 0 to 1, the accuracy of a family that is not inferior may be lower: the lower bound of its
            difference from the best, one-sided with 95% confidence for all families together (Bonferroni), is at least
            ``-margin``.

    Returns:
        The rows, the winner first and the others by validation accuracy, and the reason in words.
    """
    ranked = sorted(rows, key=lambda row: (-row["validation_accuracy"], row["validation_log_loss"]))
    best, *others = ranked
    cost = RULES[rule]
    if cost is None or not others:
        return ranked, _describe_lead(best, others)
    two_sided = 1 - 2 * SIGNIFICANT / len(others)  # of an interval whose lower end is the one-sided bound
    bounds = [compare_paired(correct[row["family"]], correct[best["family"]], two_sided).low for row in others]
    not_inferior = [row for row, bound in zip(others, bounds) if bound >= -margin]
    winner = min([best, *not_inferior], key=lambda row: row[cost])
    superlative = "fastest" if cost == "latency_ms_p50" else "smallest"
    shown = f"shown to be within {margin:g} of its validation accuracy"
    if not_inferior:
        names = ", ".join(row["family"] for row in not_inferior)
        reason = f"the {superlative} of {best['family']}, the most accurate, and those {shown} ({names})"
    else:
        reason = f"the most accurate; no other family is {shown}"
    return [winner] + [row for row in ranked if row is not winner], reason


def _describe_lead(best: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> str:
    """The reason where accuracy alone decides."""
    if not others:
        return "the only family"
    points = 100 * (best["validation_accuracy"] - others[0]["validation_accuracy"])
    if points:
        return f"the highest validation accuracy, {points:.1f} points ahead of {others[0]['family']}"
    return f"the highest validation accuracy, level with {others[0]['family']} and with the lower log loss"
