"""Tests of whether texts have drifted from a reference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import MonteCarloMethod, chi2_contingency, fisher_exact, ks_2samp
from scipy.stats.contingency import expected_freq

from sentiment.evaluation.metrics import reaches
from sentiment.evaluation.statistics import holm

QUANTITIES = {"words": "text length", "unknown": "unknown words", "score": "scores", "predicted": "predicted labels"}
BINS = 10
MIN_TEXTS = 30  # a test on fewer is noise
MIN_EXPECTED = 5  # count of a cell from which the chi-squared distribution is a good approximation (Cochran 1954)
RESAMPLES = 99_999  # the smallest p-value is 1e-5


@dataclass(frozen=True)
class Drift:
    """The drift of a quantity's distribution.

    Args:
        quantity: a key of ``QUANTITIES``.
        psi: population stability index, 0 and up.
        p_value: of the two-sample test, corrected for the number of quantities, 0 to 1.
        alert: whether the drift is both significant and large.
    """

    quantity: str
    psi: float
    p_value: float
    alert: bool

    @property
    def message(self) -> str:
        return f"{QUANTITIES[self.quantity]} drifted (PSI {self.psi:.2f}, p = {self.p_value:.1g})"


def find_drifts(reference: pd.DataFrame, observed: pd.DataFrame, psi_limit: float, p_limit: float) -> list[Drift]:
    """Compare two samples, quantity by quantity.

    An alert needs both a p-value below its limit, since the index of a small batch is large by chance, and an index
    above its limit, since with many texts every difference is significant. Numbers are compared by the two-sample
    Kolmogorov-Smirnov test, labels by a chi-squared test, with the p-value of a permutation test if an expected
    count is below ``MIN_EXPECTED``; Holm's correction covers all of them.

    Args:
        reference: DataFrame with the columns in ``QUANTITIES``.
        observed: the same.
        psi_limit: index from which a quantity has drifted; 0.1 to 0.25 are common.
        p_limit: p-value below which it has drifted.

    Returns:
        A drift for each quantity that was recorded; none if there are fewer than ``MIN_TEXTS`` texts.
    """
    found = []
    for name in QUANTITIES:
        before, now = reference[name].dropna(), observed[name].dropna()
        if min(len(before), len(now)) >= MIN_TEXTS:
            test = _compare_numbers if pd.api.types.is_numeric_dtype(before) else _compare_labels
            counts, p_value = test(before, now)
            found.append((name, compute_psi(*counts), p_value))
    corrected = holm([p_value for _, _, p_value in found])
    return [
        Drift(name, psi, p_value, bool(psi >= psi_limit and p_value < p_limit))
        for (name, psi, _), p_value in zip(found, corrected)
    ]


def compute_psi(before: ArrayLike, now: ArrayLike) -> float:
    """Population stability index (Siddiqi 2006, chapter 8): the sum of (q - p) ln(q / p) over bins, 0 and up.

    Half a document is added to each bin, so that none is empty.

    Args:
        before: count of the reference in each bin.
        now: the same of the observed sample.
    """
    p, q = ((np.asarray(counts) + 0.5) / (np.sum(counts) + 0.5 * np.size(counts)) for counts in (before, now))
    return float(np.sum((q - p) * np.log(q / p)))


def select_evaluated(texts: pd.DataFrame) -> pd.DataFrame:
    """The rows for accuracy: those with a label and a prediction, either of which a text may lack.

    Args:
        texts: DataFrame with the columns label and predicted, in which values may be missing.
    """
    return texts[texts["label"].notna() & texts["predicted"].notna()]


def describe_accuracy_drop(reference: pd.DataFrame, observed: pd.DataFrame, drop: float, p_limit: float) -> str | None:
    """How far the champion's accuracy has fallen below that on its test split, in words; None if it has not.

    Args:
        reference: DataFrame with the columns label and predicted; the rows of :func:`select_evaluated` count.
        observed: the same.
        drop: loss in accuracy that counts as a fall, 0 to 1.
        p_limit: p-value below which it counts (one-sided Fisher's exact test).
    """
    labelled = [select_evaluated(part) for part in (reference, observed)]
    if labelled[0].empty or len(labelled[1]) < MIN_TEXTS:
        return None
    counts = [(int((part["label"] == part["predicted"]).sum()), len(part)) for part in labelled]
    before, now = (correct / total for correct, total in counts)
    table = [[correct, total - correct] for correct, total in counts]
    p_value = fisher_exact(table, alternative="greater").pvalue
    if not reaches(before - now, drop) or p_value >= p_limit:
        return None
    return f"accuracy fell from {before:.3f} on the test split to {now:.3f} (p = {p_value:.1g})"


def find_untested(reference: pd.DataFrame, observed: pd.DataFrame) -> dict[str, str]:
    """Which of ``drift`` and ``accuracy`` had too few texts or labels to test, and why, in words.

    Args:
        reference: DataFrame with a row for each text and the columns label and predicted; values may be missing.
        observed: the same; without any label there is no accuracy that could be tested.
    """
    found = {}
    if len(reference) < MIN_TEXTS:
        found["drift"] = f"no drift test: the champion's test split has {len(reference)} texts, fewer than {MIN_TEXTS}"
    elif len(observed) < MIN_TEXTS:
        found["drift"] = f"no drift test: {len(observed)} texts, fewer than {MIN_TEXTS}"
    expected, given = (len(select_evaluated(part)) for part in (reference, observed))
    if given and not expected:
        found["accuracy"] = "accuracy not tested: the champion's test split has no human labels"
    elif 0 < given < MIN_TEXTS:
        found["accuracy"] = f"accuracy not tested: {given} labels of scored texts, fewer than {MIN_TEXTS}"
    return found


def was_tested(untested: Mapping[str, str], metrics: Mapping[str, float]) -> bool:
    """Whether a monitoring tested anything that could have given an alert.

    Args:
        untested: the result of :func:`find_untested`.
        metrics: as measured.
    """
    tested = {"drift", *(["accuracy"] if "quality/accuracy" in metrics else [])} - set(untested)
    return bool(tested) or "requests/count" in metrics


def _compare_numbers(before: pd.Series, now: pd.Series) -> tuple[Sequence[np.ndarray], float]:
    """Counts of both samples in bins that hold equal shares of the first one, as far as ties allow, and the p-value."""
    quantiles = np.quantile(before, np.linspace(0, 1, BINS + 1)[1:-1])
    tied = quantiles[:-1][np.diff(quantiles) == 0]  # values that fill whole bins; smaller values get another one
    edges = np.unique([*quantiles, *np.nextafter(tied, -np.inf)])
    counts = [np.bincount(np.searchsorted(edges, part), minlength=len(edges) + 1) for part in (before, now)]
    used = (counts[0] + counts[1]) > 0  # ties leave empty bins
    return [part[used] for part in counts], float(ks_2samp(before, now).pvalue)


def _compare_labels(before: pd.Series, now: pd.Series) -> tuple[Sequence[np.ndarray], float]:
    """Counts of both samples for each label, and the p-value."""
    labels = sorted(set(before) | set(now))
    counts = [part.value_counts().reindex(labels, fill_value=0).to_numpy() for part in (before, now)]
    if len(labels) < 2:
        return counts, 1.0
    if expected_freq(counts).min() >= MIN_EXPECTED:
        return counts, float(chi2_contingency(counts).pvalue)
    # A permutation test: the chi-squared statistic of random tables with the same margins (Hope 1968).
    resampling = MonteCarloMethod(n_resamples=RESAMPLES, batch=RESAMPLES // 10, rng=np.random.default_rng(0))
    return counts, float(chi2_contingency(counts, correction=False, method=resampling).pvalue)
