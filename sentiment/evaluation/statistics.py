"""How sure a figure is, and whether one classifier is better than another on the same documents or only seems to be."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from scipy.stats import binomtest

SIGNIFICANT = 0.05  # p-value, corrected for the number of pairs


def bootstrap_accuracy(
    correct: np.ndarray, seed: int, resamples: int = 10_000, confidence: float = 0.95
) -> tuple[float, float]:
    """Percentile bootstrap interval of the accuracy (Efron and Tibshirani 1993, chapter 13).

    Resampling documents with replacement makes the number of correct ones in a resample binomial, so it is drawn from
    that distribution directly.

    Args:
        correct: bool array of shape (documents,), whether each was classified correctly.
        seed: seed of the resampling.
        resamples: number of bootstrap resamples.
        confidence: share of resamples inside the interval, 0 to 1.

    Returns:
        The lower and the upper end, 0 to 1.
    """
    drawn = np.random.default_rng(seed).binomial(len(correct), np.mean(correct), size=resamples) / len(correct)
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, (tail, 1 - tail))
    return float(low), float(high)


def mcnemar(first: np.ndarray, second: np.ndarray) -> float:
    """Exact two-sided McNemar test (McNemar 1947; Dietterich 1998, section 3.1, with the binomial for chi-squared).

    Args:
        first: bool array of shape (documents,), whether one classifier classified each correctly.
        second: the same for the other.

    Returns:
        The p-value, 0 to 1, of the documents that only one of them classified correctly.
    """
    only_first, only_second = int(np.sum(first & ~second)), int(np.sum(second & ~first))
    if only_first + only_second == 0:
        return 1.0
    return float(binomtest(only_first, only_first + only_second).pvalue)


def paired_difference(
    first: np.ndarray, second: np.ndarray, seed: int, resamples: int = 10_000, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Percentile bootstrap interval of the difference in accuracy on the same documents (Efron and Tibshirani 1993).

    How many documents of a resample only one classifier gets right is drawn from the multinomial distribution directly.

    Args:
        first: bool array of shape (documents,), as in :func:`mcnemar`.
        second: the same for the other.
        seed: seed of the resampling.
        resamples: number of bootstrap resamples.
        confidence: share of resamples inside the interval, 0 to 1.

    Returns:
        The difference first - second and the lower and the upper end, -1 to 1.
    """
    documents = len(first)
    shares = np.array([np.mean(first & ~second), np.mean(second & ~first)])
    shares = np.append(shares, 1 - shares.sum())
    drawn = np.random.default_rng(seed).multinomial(documents, shares, size=resamples)
    tail = (1 - confidence) / 2
    low, high = np.quantile((drawn[:, 0] - drawn[:, 1]) / documents, (tail, 1 - tail))
    return float(np.mean(first) - np.mean(second)), float(low), float(high)


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected by Holm's step-down procedure (Holm 1979), in the order given."""
    count, corrected, largest = len(p_values), [0.0] * len(p_values), 0.0
    for rank, place in enumerate(np.argsort(p_values, kind="stable")):
        largest = max(largest, min(1.0, (count - rank) * p_values[place]))
        corrected[place] = largest
    return corrected


def compare_pairs(correct: Mapping[str, np.ndarray], seed: int) -> list[dict[str, Any]]:
    """Compare every pair of classifiers on the same documents.

    Args:
        correct: from a classifier's name to a bool array of shape (documents,).
        seed: seed of the bootstrap.

    Returns:
        A dict for each pair with first, second, difference, low and high (in accuracy, -1 to 1), p_value, p_holm (0 to
        1) and significant.
    """
    pairs = list(combinations(correct, 2))
    p_values = [mcnemar(correct[first], correct[second]) for first, second in pairs]
    compared = []
    for (first, second), p_value, p_holm in zip(pairs, p_values, holm(p_values)):
        difference, low, high = paired_difference(correct[first], correct[second], seed)
        compared.append(
            {
                "first": first,
                "second": second,
                "difference": difference,
                "low": low,
                "high": high,
                "p_value": p_value,
                "p_holm": p_holm,
                "significant": p_holm < SIGNIFICANT,
            }
        )
    return compared


def pareto_front(rows: Sequence[Mapping[str, Any]], cost: str, gain: str = "test_accuracy") -> list[str]:
    """The families that no other family beats in cost at the same gain or more, or in gain at the same cost or less."""

    def is_dominated(row: Mapping[str, Any]) -> bool:
        return any(
            other[cost] <= row[cost]
            and other[gain] >= row[gain]
            and (other[cost] < row[cost] or other[gain] > row[gain])
            for other in rows
        )

    return [row["family"] for row in rows if not is_dominated(row)]
