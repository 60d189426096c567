"""Choose the winning family: by a metric, or by cost among those shown not to be worse.

The documents are the part of the validation split that no earlier choice used: the best of several epochs and trials
is better on the documents that it was selected on than on others, and the more so the more there were.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from sentiment.evaluation.metrics import METRICS, ROUNDING, Metric
from sentiment.evaluation.statistics import SIGNIFICANT, Difference, bootstrap_difference, compare_paired

RULES = {"accuracy": None, "fastest_within": "latency_ms_p50", "smallest_within": "model_bytes"}


def choose(
    rule: str,
    metric: str,
    margin: float,
    rows: Sequence[Mapping[str, Any]],
    labels: np.ndarray,
    probabilities: Mapping[str, np.ndarray],
) -> tuple[list[Mapping[str, Any]], str, dict[str, Any] | None]:
    """Rank the families; nothing here reads the labels of the test split.

    Args:
        rule: ``accuracy``, the best by the metric, or if that is accuracy, the one with the lowest log loss among the
            best and those that are not significantly worse; or ``fastest_within`` or ``smallest_within``, the fastest
            or smallest among the best family and those that are not inferior to it.
        metric: a name in ``METRICS``.
        margin: by how much the metric of a family that is not inferior may be worse: the bound of its difference from
            the best, one-sided with 95% confidence for all families together (Bonferroni), is at most that.
        rows: rows with family, validation_METRIC, validation_log_loss and the cost that the rule uses.
        labels: int array of shape (documents,), positions of the true classes.
        probabilities: from a family to a float array of shape (documents, classes).

    Returns:
        The rows, the winner first and the others from best to worst; the reason in words; and the best family's lead
        over the second: first, second, difference, low, high and p_value, corrected for comparing the best with all
        others (95% confidence). None for a single family.
    """
    measured = METRICS[metric]
    sign = 1 if measured.higher_is_better else -1
    # Rounded, so that equal means of the same numbers are equal.
    ranked = sorted(rows, key=lambda row: (round(-sign * row[f"validation_{metric}"], 9), row["validation_log_loss"]))
    best, *others = ranked
    if not others:
        return ranked, "the only family", None

    def compare(first: Mapping[str, Any], second: Mapping[str, Any], confidence: float) -> Difference:
        mine, other = (probabilities[row["family"]] for row in (first, second))
        return compare_models(measured, labels, mine, other, confidence)

    level = SIGNIFICANT / len(others)
    found = compare(best, others[0], 1 - level)
    lead = {"first": best["family"], "second": others[0]["family"]} | asdict(found)
    lead["p_value"] = min(1.0, len(others) * found.p_value)
    cost = RULES[rule]
    if cost is None and metric == "accuracy":
        # A prediction is right or wrong, but its probability says by how much: families with indistinguishable
        # accuracy differ in their log loss.
        level_with_it = [row for row in others if compare(best, row, 1 - level).low <= 0]
        winner = min([best, *level_with_it], key=lambda row: row["validation_log_loss"])
        if winner is not best:
            names = ", ".join(row["family"] for row in level_with_it if row is not winner)
            reason = (
                f"the lowest validation log loss of {best['family']}, which has the highest validation accuracy, and "
                f"those that {len(labels):,} texts cannot tell from it ({winner['family']}{names and f', {names}'})"
            )
            return [winner] + [row for row in ranked if row is not winner], reason, lead
    if cost is None:
        return ranked, _describe_lead(measured, lead), lead
    bounds = [compare(row, best, 1 - 2 * level).low for row in others]  # the lower end is the one-sided bound
    not_inferior = [row for row, bound in zip(others, bounds) if bound >= -margin]
    winner = min([best, *not_inferior], key=lambda row: row[cost])
    superlative = "fastest" if cost == "latency_ms_p50" else "smallest"
    shown = f"shown to be within {margin:g} of its validation {metric}"
    if not_inferior:
        names = ", ".join(row["family"] for row in not_inferior)
        reason = f"the {superlative} of {best['family']}, the best, and those {shown} ({names})"
    else:
        reason = f"the best on the validation split; no other family is {shown}"
    return [winner] + [row for row in ranked if row is not winner], reason, lead


def compare_models(
    metric: Metric,
    labels: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    confidence: float = 1 - SIGNIFICANT,
) -> Difference:
    """How much better the first of two models is. Accuracy has an exact test, the other metrics a bootstrap.

    Args:
        metric: a row of ``METRICS`` with a function.
        labels: int array of shape (documents,), positions of the true classes.
        first: probabilities of the first model, float array of shape (documents, classes).
        second: the same for the other.
        confidence: of the interval, 0 to 1.
    """
    if metric.name == "accuracy":
        return compare_paired(first.argmax(axis=1) == labels, second.argmax(axis=1) == labels, confidence)
    assert metric.function is not None
    return bootstrap_difference(metric.function, metric.higher_is_better, labels, first, second, confidence)


def _describe_lead(metric: Metric, lead: Mapping[str, Any]) -> str:
    """The reason if only the metric decides."""
    unit, digits, name = (100, 1, " points") if metric.share else (1, 3, "")
    ahead, low, high = (unit * lead[key] for key in ("difference", "low", "high"))
    which = f"the {'highest' if metric.higher_is_better else 'lowest'} validation {metric.name.replace('_', ' ')}"
    interval = f"(95% interval {low:+.{digits}f} to {high:+.{digits}f}, p = {lead['p_value']:.2g})"
    if lead["difference"] > ROUNDING:
        return f"{which}, {ahead:.{digits}f}{name} ahead of {lead['second']} {interval}"
    return f"{which}, level with {lead['second']} {interval} and with the lower log loss"
