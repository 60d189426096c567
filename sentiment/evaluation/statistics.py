"""Whether one classifier is better than another on the same documents, or only looks so."""

from itertools import combinations

import numpy as np
from scipy.stats import binomtest

SIGNIFICANT = 0.05  # p-value, after the correction for the number of pairs


def mcnemar(first, second):
    """Exact two-sided McNemar test (McNemar 1947; Dietterich 1998, section 3.1, with the binomial in place of chi-squared).

    Args:
        first: bool array of shape (documents,), whether each was classified correctly by one classifier.
        second: the same by the other.

    Returns:
        The p-value, 0 to 1, of as uneven a split of the documents that only one of them got right.
    """
    only_first, only_second = int(np.sum(first & ~second)), int(np.sum(second & ~first))
    if only_first + only_second == 0:
        return 1.0
    return float(binomtest(only_first, only_first + only_second).pvalue)


def paired_difference(first, second, seed, resamples=10_000, confidence=0.95):
    """Percentile bootstrap interval of the difference in accuracy on the same documents (Efron and Tibshirani 1993).

    A resample's documents that only one classifier got right are drawn from their multinomial distribution directly.

    Args:
        first: bool array of shape (documents,), as in :func:`mcnemar`.
        second: the same.
        seed: int.
        resamples: number of bootstrap resamples.
        confidence: share of resamples inside the interval, 0 to 1.

    Returns:
        Tuple of the difference first - second and the lower and the upper end, -1 to 1.
    """
    documents = len(first)
    shares = np.array([np.mean(first & ~second), np.mean(second & ~first)])
    shares = np.append(shares, 1 - shares.sum())
    drawn = np.random.default_rng(seed).multinomial(documents, shares, size=resamples)
    tail = (1 - confidence) / 2
    low, high = np.quantile((drawn[:, 0] - drawn[:, 1]) / documents, (tail, 1 - tail))
    return float(np.mean(first) - np.mean(second)), float(low), float(high)


def holm(p_values):
    """P-values corrected for their number by Holm's step-down procedure (Holm 1979), in the order given: list of float."""
    count, corrected, so_far = len(p_values), [0.0] * len(p_values), 0.0
    for rank, place in enumerate(np.argsort(p_values, kind="stable")):
        so_far = max(so_far, min(1.0, (count - rank) * p_values[place]))
        corrected[place] = so_far
    return corrected


def compared(correct, seed):
    """Every pair of classifiers on the same documents.

    Args:
        correct: dict from a name to a bool array of shape (documents,).
        seed: int, for the bootstrap.

    Returns:
        A list of dicts with first, second, difference, low and high (in accuracy, -1 to 1), p_value, p_holm (0 to 1)
        and significant.
    """
    pairs = list(combinations(correct, 2))
    p_values = [mcnemar(correct[first], correct[second]) for first, second in pairs]
    result = []
    for (first, second), p_value, p_holm in zip(pairs, p_values, holm(p_values)):
        difference, low, high = paired_difference(correct[first], correct[second], seed)
        result.append(
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
    return result


def pareto_front(rows, cost, gain="test_accuracy"):
    """The rows that no other one beats in cost without losing gain, or in gain without a higher cost: list of families."""

    def beaten(row):
        return any(
            other[cost] <= row[cost]
            and other[gain] >= row[gain]
            and (other[cost] < row[cost] or other[gain] > row[gain])
            for other in rows
        )

    return [row["family"] for row in rows if not beaten(row)]
