"""A linear SVM on a matrix that does not fit into memory: its rows are read from files, a part at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import minimize

from ..progress import show_progress

ARRAYS = ("data", "indices", "indptr")
MAX_PASSES = 200  # over the parts
TOLERANCE = 1e-5  # relative, of the objective; tighter than LinearSVC's default


class MatrixParts:
    """The rows of a sparse matrix, float32, in files.

    Args:
        folder: an empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shapes: list[tuple[int, int]] = []

    def append(self, matrix: Any) -> None:
        """Add rows, a sparse CSR array."""
        for name in ARRAYS:
            array = getattr(matrix, name).astype(np.float32 if name == "data" else np.int32, copy=False)
            np.save(self._folder / f"{len(self._shapes)}_{name}.npy", array)
        self._shapes.append(matrix.shape)

    def __iter__(self) -> Iterator[tuple[slice, Any]]:
        """The rows of each part, and their matrix."""
        start = 0
        for number, shape in enumerate(self._shapes):
            arrays = (np.load(self._folder / f"{number}_{name}.npy") for name in ARRAYS)
            yield slice(start, start + shape[0]), sparse.csr_array(tuple(arrays), shape)
            start += shape[0]


def fit_svm(
    parts: MatrixParts, positive: np.ndarray, weights: np.ndarray, columns: int, C: float, name: str
) -> tuple[np.ndarray, float]:
    """The weights and the intercept of ``LinearSVC(C=C)``: the same objective, minimized by L-BFGS.

    That is the squared hinge loss with an L2 penalty, also on the intercept (Fan et al. 2008, appendix B).

    Args:
        parts: the documents.
        positive: bool array of shape (documents,).
        weights: of the documents, float array of shape (documents,).
        columns: of the matrix.
        C: inverse strength of the penalty, above 0.
        name: label of the progress bar.
    """
    sign = np.where(positive, 1.0, -1.0)
    with show_progress(name, MAX_PASSES, "pass") as bar:

        def objective(point: np.ndarray) -> tuple[float, np.ndarray]:
            loss, gradient = 0.5 * float(point @ point), point.copy()
            coefficients = point[:-1].astype(np.float32)
            for rows, matrix in parts:
                missing = np.maximum(1 - sign[rows] * (matrix @ coefficients + point[-1]), 0)
                loss += C * float(weights[rows] @ missing**2)
                slope = -2 * C * weights[rows] * sign[rows] * missing
                gradient[:-1] += matrix.T @ slope.astype(np.float32)
                gradient[-1] += slope.sum()
            bar.update()
            return loss, gradient

        options = {"maxfun": MAX_PASSES, "maxiter": MAX_PASSES, "ftol": TOLERANCE}
        found = minimize(objective, np.zeros(columns + 1), jac=True, method="L-BFGS-B", options=options).x
    return found[:-1], float(found[-1])
