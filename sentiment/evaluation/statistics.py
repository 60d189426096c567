"""Confidence intervals of metrics, and tests whether one classifier is better than another on the same documents."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import betainc, betaincinv
from scipy.stats import binomtest

SIGNIFICANT = 0.05  # p-value, corrected for the number of comparisons; 1 - this is the confidence of intervals
QUANTILES = (np.arange(1000) + 0.5) / 1000  # of the distribution that an expectation is taken over
RESAMPLES = 1000
NEVER = 1e-9  # a beta distribution with this parameter has all its mass at one end


def accuracy_interval(correct: np.ndarray) -> tuple[float, float]:
    """Wilson's 95% score interval of an accuracy (Wilson 1927), which stays wide if all or none are correct.

    Args:
        correct: bool array of shape (documents,), whether each was classified correctly.

    Returns:
        The lower and the upper end, 0 to 1.
    """
    interval = binomtest(int(np.sum(correct)), len(correct)).proportion_ci(1 - SIGNIFICANT, method="wilson")
    return float(interval.low), float(interval.high)


@dataclass(frozen=True)
class Difference:
    """How much better the first of two classifiers is than the second on the same documents.

    Args:
        difference: of accuracy, -1 to 1, or of another metric; below 0 if the first is worse.
        low: lower end of its interval.
        high: upper end of its interval.
        p_value: of the hypothesis that there is none, 0 to 1. From :func:`compare_paired` it is below 1 - confidence
            exactly if the interval of that confidence excludes 0; from a bootstrap, nearly so.
    """

    difference: float
    low: float
    high: float
    p_value: float


def compare_paired(first: np.ndarray, second: np.ndarray, confidence: float = 1 - SIGNIFICANT) -> Difference:
    """The exact two-sided McNemar test and the interval that is compatible with it (Fay and Lumbard 2021).

    Args:
        first: bool array of shape (documents,), whether one classifier classified each correctly.
        second: the same for the other.
        confidence: of the interval, 0 to 1. Half of the rest is beyond each end, so the lower one is also the bound of
            a one-sided test at that half.
    """
    documents, only_first, only_second = len(first), int(np.sum(first & ~second)), int(np.sum(second & ~first))
    discordant, tail = only_first + only_second, (1 - confidence) / 2
    return Difference(
        (only_first - only_second) / documents,
        _lower_end(only_first, only_second, documents, tail),
        -_lower_end(only_second, only_first, documents, tail),
        float(binomtest(only_first, discordant).pvalue) if discordant else 1.0,
    )


def _lower_end(wins: int, losses: int, documents: int, tail: float) -> float:
    """The lower end of the interval of (wins - losses) / documents.

    The difference is D (2 W - 1), where D is the share of discordant documents and W the share of wins in them. Their
    exact (Clopper-Pearson) limits have beta distributions, which are combined as in Fay and Lumbard (2021, section 3):
    if W is above one half, a smaller D gives the smaller difference, otherwise a larger one.
    """
    ahead = betainc(wins or NEVER, losses + 1, 0.5) < tail  # the one-sided exact test
    discordant = wins + losses
    a, b = (discordant, documents - discordant + 1) if ahead else (discordant + 1, documents - discordant or NEVER)
    shares = betaincinv(a, b, QUANTILES)

    def excess(difference: float) -> float:
        won = np.clip(0.5 + difference / (2 * shares), 0, 1)
        return float(np.mean(betainc(wins or NEVER, losses + 1, won))) - tail

    return float(brentq(excess, -1.0, 1.0))


def bootstrap_difference(
    metric: Callable[[np.ndarray, np.ndarray], float],
    higher_is_better: bool,
    labels: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    confidence: float = 1 - SIGNIFICANT,
) -> Difference:
    """The paired percentile bootstrap (Efron and Tibshirani 1993, chapter 13), for metrics without an exact test.

    Resampling is not stratified by class: a class of a single document would have no variance.
    The p-value is twice the smaller share of resamples on one side of 0, with one more on each, so that it is never 0
    (Davison and Hinkley 1997, equation 4.11).

    Args:
        metric: of labels and probabilities.
        higher_is_better: its direction.
        labels: int array of shape (documents,), positions of the true classes.
        first: probabilities of one classifier, float array of shape (documents, classes).
        second: the same for the other.
        confidence: of the interval, 0 to 1.
    """
    random = np.random.default_rng(0)
    sign = 1 if higher_is_better else -1

    def lead(rows: np.ndarray) -> float:
        return sign * (metric(labels[rows], first[rows]) - metric(labels[rows], second[rows]))

    drawn = np.array([lead(random.integers(len(labels), size=len(labels))) for _ in range(RESAMPLES)])
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, (tail, 1 - tail))
    p_value = 2 * (min(int(np.sum(drawn <= 0)), int(np.sum(drawn >= 0))) + 1) / (RESAMPLES + 1)
    return Difference(lead(np.arange(len(labels))), float(low), float(high), min(1.0, p_value))


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected by Holm's step-down procedure (Holm 1979), in the order given."""
    count, corrected, largest = len(p_values), [0.0] * len(p_values), 0.0
    for rank, place in enumerate(np.argsort(p_values, kind="stable")):
        largest = max(largest, min(1.0, (count - rank) * p_values[place]))
        corrected[place] = largest
    return corrected


def compare_pairs(correct: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """Compare every pair of classifiers on the same documents.

    Intervals and p-values have Bonferroni's correction for the number of pairs: all intervals hold together with 95%
    confidence, and a difference is significant exactly if its interval excludes 0.

    Args:
        correct: from a classifier's name to a bool array of shape (documents,).

    Returns:
        A dict for each pair with first, second, difference, low and high (in accuracy, -1 to 1), p_value, p_corrected
        (0 to 1) and significant.
    """
    pairs = list(combinations(correct, 2))
    compared = []
    for first, second in pairs:
        found = compare_paired(correct[first], correct[second], 1 - SIGNIFICANT / len(pairs))
        p_corrected = min(1.0, len(pairs) * found.p_value)
        compared.append(
            {"first": first, "second": second}
            | asdict(found)
            | {"p_corrected": p_corrected, "significant": p_corrected < SIGNIFICANT}
        )
    return compared


def pareto_front(rows: Sequence[Mapping[str, Any]], cost: str) -> list[str]:
    """The families not dominated by another: cheaper at no lower test accuracy, or more accurate at no higher cost."""

    def is_dominated(row: Mapping[str, Any]) -> bool:
        return any(
            other[cost] <= row[cost]
            and other["test_accuracy"] >= row["test_accuracy"]
            and (other[cost], other["test_accuracy"]) != (row[cost], row["test_accuracy"])
            for other in rows
        )

    return [row["family"] for row in rows if not is_dominated(row)]
