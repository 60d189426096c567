"""Whether texts have drifted from those that a model was made with."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency, fisher_exact, ks_2samp

from sentiment.evaluation.statistics import holm

QUANTITIES = {"words": "text length", "unknown": "unknown words", "score": "scores", "predicted": "predicted labels"}
BINS = 10
ENOUGH = 30  # texts: fewer tell nothing


@dataclass(frozen=True)
class Drift:
    """How far a quantity has moved.

    Args:
        quantity: a key of ``QUANTITIES``.
        psi: population stability index, 0 and up.
        p_value: of the two-sample test, corrected for the number of quantities, 0 to 1.
        alert: whether it is both larger than chance allows and large.
    """

    quantity: str
    psi: float
    p_value: float
    alert: bool

    @property
    def said(self):
        return f"{QUANTITIES[self.quantity]} drifted (PSI {self.psi:.2f}, p = {self.p_value:.1g})"


def drifts(reference, observed, psi_limit, p_limit):
    """Compare two samples, quantity by quantity.

    An alert needs both: a p-value under its limit, since the index of a small batch is large by chance, and an index over
    its limit, since with many texts every difference is significant. Numbers are tested with Kolmogorov and Smirnov's
    test for two samples, labels with a chi-squared test, Holm's correction over all of them.

    Args:
        reference: DataFrame with the columns of ``QUANTITIES``.
        observed: the same.
        psi_limit: index from which a quantity has drifted; 0.1 to 0.25 are common.
        p_limit: p-value below which it has.

    Returns:
        List of :class:`Drift`, empty where there are fewer than ``ENOUGH`` texts; quantities that were not recorded are
        left out.
    """
    found = []
    for name in QUANTITIES:
        before, now = reference[name].dropna(), observed[name].dropna()
        if min(len(before), len(now)) >= ENOUGH:
            compare = _numbers if pd.api.types.is_numeric_dtype(before) else _labels
            counts, p_value = compare(before, now)
            found.append((name, psi(*counts), float(p_value)))
    corrected = holm([p_value for _, _, p_value in found])
    return [
        Drift(name, index, p_value, bool(index >= psi_limit and p_value < p_limit))
        for (name, index, _), p_value in zip(found, corrected)
    ]


def psi(before, now):
    """Population stability index (Siddiqi 2006, chapter 8): the sum of (q - p) ln(q / p) over bins, 0 and up.

    Args:
        before: counts of the reference in each bin.
        now: the same of what is observed. Half a document is added to each bin, so that none is empty.
    """
    p, q = ((np.asarray(counts) + 0.5) / (np.sum(counts) + 0.5 * len(counts)) for counts in (before, now))
    return float(np.sum((q - p) * np.log(q / p)))


def less_accurate(reference, observed, drop, p_limit):
    """Why the champion counts as less accurate than it was on its test split, in words; None where it does not.

    Args:
        reference: DataFrame with label and predicted.
        observed: the same, labels may be missing.
        drop: loss in accuracy from which it does, 0 to 1.
        p_limit: p-value below which it does (Fisher's exact test, one-sided).
    """
    labelled = observed[observed["label"].notna()]
    if len(labelled) < ENOUGH:
        return None
    tables = [(int((part["label"] == part["predicted"]).sum()), len(part)) for part in (reference, labelled)]
    before, now = (right / count for right, count in tables)
    p_value = fisher_exact([[right, count - right] for right, count in tables], alternative="greater").pvalue
    if before - now < drop or p_value >= p_limit:
        return None
    return f"accuracy fell from {before:.3f} on the test split to {now:.3f} (p = {p_value:.1g})"


def _numbers(before, now):
    """Counts of both samples in bins that hold as many of the first one each as ties allow, and the p-value of their test."""
    edges = np.unique(np.quantile(before, np.linspace(0, 1, BINS + 1)[1:-1]))
    counts = [np.bincount(np.searchsorted(edges, part), minlength=len(edges) + 1) for part in (before, now)]
    there = (counts[0] + counts[1]) > 0  # ties leave bins that nothing falls into
    return [part[there] for part in counts], ks_2samp(before, now).pvalue


def _labels(before, now):
    """Counts of both samples for each label, and the p-value of their test."""
    labels = sorted(set(before) | set(now))
    counts = [part.value_counts().reindex(labels, fill_value=0).to_numpy() for part in (before, now)]
    return counts, chi2_contingency(counts).pvalue if len(labels) > 1 else 1.0
