"""A linear SVM over word n-grams, weighted by log-count ratios, TF-IDF or both, character n-grams, and more."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.preprocessing import normalize
from sklearn.svm import LinearSVC
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from .nb_svm import CountClassifier, check_counts, log_count_ratio, scale_columns


class BlendedSVM(CountClassifier):
    """One SVM over weighted words in some columns, TF-IDF in others, and columns that are taken as they are.

    The first two parts of a document are normalized to unit length; the second is then multiplied by ``share``. More
    than two classes are classified one-vs-rest.

    Args:
        words: the number of leading columns that are words; None for all but ``unscaled``.
        weighting: of the words: ``ratio``, their log-count ratio as in NB-SVM (Wang and Manning 2012), ``tfidf``, their
            inverse document frequency, or ``ratio_tfidf``, the product of the two.
        C: inverse strength of the SVM's regularization, above 0.
        alpha: smoothing of the counts in the ratio, above 0.
        share: weight of the TF-IDF part, 0 or more.
        unscaled: the number of trailing columns that are neither weighted nor normalized.
        random_state: seed of the SVM's solver.

    Attributes:
        classes_: the classes, sorted.
        scale_: the factor of each column, float64 of shape (1 or classes, columns).
        coef_: weights of the SVM, float64 of shape (1 or classes, columns).
        intercept_: float64 of shape (1 or classes,).
    """

    def __init__(
        self,
        words: int | None = None,
        weighting: str = "ratio_tfidf",
        C: float = 1.0,
        alpha: float = 1.0,
        share: float = 0.5,
        unscaled: int = 0,
        random_state: int | None = None,
    ) -> None:
        self.words = words
        self.weighting = weighting
        self.C = C
        self.alpha = alpha
        self.share = share
        self.unscaled = unscaled
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> BlendedSVM:
        """Fit to documents.

        Args:
            X: term frequencies or other weights, 0 or more, words in the first columns, of shape (documents, columns).
            y: classes, of shape (documents,).
            sample_weight: of shape (documents,); None if all documents weigh the same.
        """
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float64)
        check_counts(self, X)
        positive_classes = self.set_classes(y)
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        words, _ = self._bounds(X)
        ratios = []
        if self.weighting != "tfidf":
            present = (X[:, :words] > 0).astype(np.float64)
            ratios = [log_count_ratio(present, y == positive, weight, self.alpha) for positive in positive_classes]
        document_frequency = np.bincount(X.nonzero()[1], minlength=X.shape[1])
        self.scale_ = self.weigh_columns(document_frequency, len(y), ratios, len(positive_classes))
        svms = [
            LinearSVC(C=self.C, random_state=self.random_state).fit(self.scale(X, scale), y == positive, weight)
            for positive, scale in zip(positive_classes, self.scale_)
        ]
        self.coef_ = np.vstack([svm.coef_ for svm in svms])
        self.intercept_ = np.concatenate([svm.intercept_ for svm in svms])
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Signed distances: shape (documents,) for two classes, (documents, classes) for more."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        scores = np.column_stack([self.scale(X, scale) @ weights for scale, weights in zip(self.scale_, self.coef_)])
        scores += self.intercept_
        return scores.ravel() if len(self.classes_) == 2 else scores

    def weigh_columns(
        self, document_frequency: np.ndarray, documents: int, ratios: list[np.ndarray], problems: int
    ) -> np.ndarray:
        """``scale_`` for columns with these document frequencies.

        Args:
            document_frequency: int array of shape (columns,).
            documents: their number.
            ratios: the log-count ratios of the words in each binary problem; empty if ``weighting`` is ``tfidf``.
            problems: the number of binary problems.
        """
        idf = 1 + np.log((1 + documents) / (1 + document_frequency))
        if self.unscaled:
            idf[-self.unscaled :] = 1
        scale = np.tile(idf, (problems, 1))
        if ratios:
            words = len(ratios[0])
            scale[:, :words] = np.array(ratios) * (idf[:words] if self.weighting == "ratio_tfidf" else 1)
        return scale

    def _bounds(self, X: Any) -> tuple[int, int]:
        """The columns at which the second and the third part begin."""
        scaled = X.shape[1] - self.unscaled
        return scaled if self.words is None else self.words, scaled

    def scale(self, X: Any, scale: np.ndarray) -> Any:
        """The documents as the SVM sees them, by one of the rows of ``scale_``: sparse CSR of the same shape."""
        X = sparse.csr_array(X)
        words, scaled = self._bounds(X)
        parts = [
            normalize(scale_columns(part, weights)) if part.shape[1] else part
            for part, weights in ((X[:, :words], scale[:words]), (X[:, words:scaled], scale[words:scaled]))
        ]
        return sparse.hstack([parts[0], self.share * parts[1], X[:, scaled:]], format="csr")
