"""Which family wins: by validation accuracy, or by what it costs among those that are not significantly worse."""

import numpy as np

from sentiment.evaluation.statistics import SIGNIFICANT, holm, mcnemar

RULES = {"accuracy": None, "fastest_within": "latency_ms_p50", "smallest_within": "model_bytes"}


def choose(rule, rows, correct):
    """The winner; nothing that it reads comes from the labels of the test split.

    Args:
        rule: one of ``RULES``: ``accuracy``, or the fastest or smallest of the families that are not significantly worse
            than the best on the validation split (McNemar's test, Holm's correction).
        rows: list of dicts with family, validation_accuracy, validation_log_loss and what the rule looks at.
        correct: dict from a family to a bool array of shape (validation texts,).

    Returns:
        A tuple of the rows with the winner first and the others by validation accuracy, and of the reason in words.
    """
    ranked = sorted(rows, key=lambda row: (-row["validation_accuracy"], row["validation_log_loss"]))
    best, *others = ranked
    cost = RULES[rule]
    if cost is None or not others:
        return ranked, _ahead(best, others)
    p_values = holm([mcnemar(correct[best["family"]], correct[row["family"]]) for row in others])
    level = [best] + [row for row, p_value in zip(others, p_values) if p_value >= SIGNIFICANT]
    winner = level[int(np.argmin([row[cost] for row in level]))]
    what = "fastest" if cost == "latency_ms_p50" else "smallest"
    names = ", ".join(row["family"] for row in level)
    reason = f"the {what} of those not significantly worse on the validation split than {best['family']} ({names})"
    return [winner] + [row for row in ranked if row is not winner], reason


def _ahead(best, others):
    """The reason where accuracy alone decides."""
    if not others:
        return "the only family"
    points = 100 * (best["validation_accuracy"] - others[0]["validation_accuracy"])
    if points:
        return f"the highest validation accuracy, {points:.1f} points ahead of {others[0]['family']}"
    return f"the highest validation accuracy, level with {others[0]['family']} and with the lower log loss"
