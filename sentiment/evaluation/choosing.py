"""Choose the winning family: by validation accuracy, or by cost among those that are not significantly worse."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sentiment.evaluation.statistics import SIGNIFICANT, compare_paired, holm

RULES = {"accuracy": None, "fastest_within": "latency_ms_p50", "smallest_within": "model_bytes"}


def choose(
    rule: str, rows: Sequence[Mapping[str, Any]], correct: Mapping[str, np.ndarray]
) -> tuple[list[Mapping[str, Any]], str]:
    """Rank the families; nothing that is read here comes from the labels of the test split.

    Args:
        rule: ``accuracy``; or ``fastest_within`` or ``smallest_within``, the fastest or smallest of the families that
            are not significantly worse on the validation split than the best (McNemar's test, Holm's correction).
        rows: rows with family, validation_accuracy, validation_log_loss and the cost that the rule looks at.
        correct: from a family to a bool array of shape (validation documents,).

    Returns:
        The rows, the winner first and the others by validation accuracy, and the reason in words.
    """
    ranked = sorted(rows, key=lambda row: (-row["validation_accuracy"], row["validation_log_loss"]))
    best, *others = ranked
    cost = RULES[rule]
    if cost is None or not others:
        return ranked, _describe_lead(best, others)
    p_values = holm([compare_paired(correct[best["family"]], correct[row["family"]]).p_value for row in others])
    not_worse = [best] + [row for row, p_value in zip(others, p_values) if p_value >= SIGNIFICANT]
    winner = not_worse[int(np.argmin([row[cost] for row in not_worse]))]
    superlative = "fastest" if cost == "latency_ms_p50" else "smallest"
    names = ", ".join(row["family"] for row in not_worse)
    reason = (
        f"the {superlative} of those not significantly worse on the validation split than {best['family']} ({names})"
    )
    return [winner] + [row for row in ranked if row is not winner], reason


def _describe_lead(best: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> str:
    """The reason where accuracy alone decides."""
    if not others:
        return "the only family"
    points = 100 * (best["validation_accuracy"] - others[0]["validation_accuracy"])
    if points:
        return f"the highest validation accuracy, {points:.1f} points ahead of {others[0]['family']}"
    return f"the highest validation accuracy, level with {others[0]['family']} and with the lower log loss"
