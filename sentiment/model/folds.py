"""The training and the validation split together, and folds of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from scipy import sparse

from .training import SEARCH_SPLITS, Features

CALIBRATION_FOLDS = 3
IN_MEMORY = 50_000  # documents of a split whose weighted n-grams are held in memory; more are read a part at a time
PART = 10_000  # documents


def stack_splits(of_split: Callable[[str], Any]) -> Any:
    """The sparse matrices of both splits, stacked vertically."""
    return sparse.vstack([of_split(split) for split in SEARCH_SPLITS], format="csr")


def stack_labels(features: Features, splits: Sequence[str] = SEARCH_SPLITS) -> tuple[np.ndarray, np.ndarray | None]:
    """The labels of some splits, and their groups (:meth:`Features.groups`)."""
    groups = [of_split for split in splits if (of_split := features.groups(split)) is not None]
    labels = np.concatenate([features.labels(split) for split in splits])
    return labels, np.concatenate(groups) if groups else None


def count_folds(labels: np.ndarray, groups: np.ndarray | None, most: int) -> int:
    """As many folds as the rarest class allows, at most ``most``; see :func:`split_folds`."""
    counted = labels if groups is None else labels[_first_of(groups)]
    return int(min(most, np.bincount(counted, minlength=labels.max() + 1).min()))


def split_folds(
    labels: np.ndarray, groups: np.ndarray | None, folds: int, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The rows to fit on and the rows to predict of each fold, with about the same share of each class.

    Args:
        labels: int array of shape (documents,).
        groups: int array of shape (documents,), the documents of a group share the fold of its first one; None if
            each document is its own group.
        folds: their number.
        seed: of the folds.
    """
    from sklearn.model_selection import StratifiedKFold

    first = np.arange(len(labels)) if groups is None else _first_of(groups)
    for _, chosen in StratifiedKFold(folds, shuffle=True, random_state=seed).split(first, labels[first]):
        rows = first[chosen]
        outside = np.isin(np.arange(len(labels)), rows) if groups is None else np.isin(groups, groups[rows])
        yield np.flatnonzero(~outside), np.flatnonzero(outside)


def calibration_folds(labels: np.ndarray, groups: np.ndarray | None, seed: int) -> int | list[Any]:
    """``cv`` of a ``CalibratedClassifierCV``: ``CALIBRATION_FOLDS`` folds, fewer if a class is too rare for these."""
    if groups is not None and (folds := count_folds(labels, groups, CALIBRATION_FOLDS)) > 1:
        return list(split_folds(labels, groups, folds, seed))
    return count_folds(labels, None, CALIBRATION_FOLDS)


def _first_of(groups: np.ndarray) -> np.ndarray:
    """The row of each group's first document, ascending."""
    return np.sort(np.unique(groups, return_index=True)[1])
