"""Training and validation split as the linear models use them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse

SPLITS = ("train", "validation")
CALIBRATION_FOLDS = 3
IN_MEMORY = 50_000  # documents of a split whose weighted n-grams are held in memory; more are read a part at a time
PART = 10_000  # documents


def stack_splits(of_split: Callable[[str], Any]) -> Any:
    """The sparse matrices of both splits, stacked vertically."""
    return sparse.vstack([of_split(split) for split in SPLITS], format="csr")


def calibration_folds(labels: np.ndarray) -> int:
    """Folds for Platt scaling: as many as the rarest class allows, at most ``CALIBRATION_FOLDS``."""
    return int(min(CALIBRATION_FOLDS, np.bincount(labels).min()))
