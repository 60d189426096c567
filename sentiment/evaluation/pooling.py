"""The weights of an ensemble of families: fitted on documents that none of its members was fitted on."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sentiment.model.calibration import MIN_PROBABILITY
from sentiment.model.ensemble import pool

FOLDS = 10
MIN_DOCUMENTS = 30  # weights from fewer are noise
STEPS, PRECISION = 10_000, 1e-7  # of the weights: maximum steps, until they change by less
MIN_WEIGHT = 0.1  # a member with less is left out: it costs as much as the others, and changes little


@dataclass(frozen=True)
class Pooling:
    """An ensemble of families.

    Args:
        weights: from a member's family to its weight, above 0, with sum 1; only one if no other improves it.
        probabilities: of the ensemble, float64 array of shape (documents, classes); each document's with weights that
            were fitted on others.
    """

    weights: dict[str, float]
    probabilities: np.ndarray


def pool_families(probabilities: Mapping[str, np.ndarray], labels: np.ndarray, seed: int) -> Pooling:
    """Find the weights of families, as in stacking (Wolpert 1992; not negative, as Breiman 1996 recommends).

    Args:
        probabilities: from a family to a float array of shape (documents, classes), of documents that it was not fitted
            on.
        labels: int array of shape (documents,), positions of the true classes.
        seed: of the folds in which the ensemble is evaluated.
    """
    families = sorted(probabilities)  # the order of searches does not matter
    found = np.array([probabilities[family] for family in families])
    held_out = np.empty(found.shape[1:])
    folds = assign_folds(labels, seed)
    for fold in np.unique(folds):
        inside = folds != fold
        held_out[~inside] = pool(found[:, ~inside], fit_weights(found[:, inside], labels[inside]))
    weights = {family: float(weight) for family, weight in zip(families, fit_weights(found, labels)) if weight}
    return Pooling(weights, held_out)


def fit_weights(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The weights with the lowest log loss of the pool, without members that would get less than ``MIN_WEIGHT``.

    Args:
        probabilities: float array of shape (members, documents, classes).
        labels: int array of shape (documents,), positions of the true classes.

    Returns:
        Float64 array of shape (members,), not negative, with sum 1.
    """
    kept = list(range(len(probabilities)))
    while True:
        found = _minimize_log_loss(probabilities[kept], labels)
        if found.min() >= MIN_WEIGHT or len(kept) == 1:
            weights = np.zeros(len(probabilities))
            weights[kept] = found
            return weights
        del kept[int(found.argmin())]


def assign_folds(labels: np.ndarray, seed: int) -> np.ndarray:
    """The fold of each document, 0 to ``FOLDS`` - 1, at random within each class: int array of shape (documents,)."""
    order = np.lexsort((np.random.default_rng(seed).random(len(labels)), labels))
    folds = np.empty(len(labels), dtype=int)
    folds[order] = np.arange(len(labels)) % FOLDS
    return folds


def _minimize_log_loss(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The weights of a mixture whose components are known, by expectation maximization (Dempster et al. 1977).

    The log loss is convex in the weights, and each step lowers it.
    """
    of_labels = np.maximum(probabilities[:, np.arange(len(labels)), labels], MIN_PROBABILITY)
    weights = np.full(len(of_labels), 1 / len(of_labels))
    for _ in range(STEPS):
        shares = weights[:, None] * of_labels
        before, weights = weights, (shares / shares.sum(axis=0)).mean(axis=1)
        if np.abs(weights - before).max() < PRECISION:
            break
    return weights
