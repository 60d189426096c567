"""A linear SVM over word n-grams, scaled as in NB-SVM, and character n-grams, weighted by TF-IDF."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.preprocessing import normalize
from sklearn.svm import LinearSVC
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from .nb_svm import CountClassifier, check_counts, log_count_ratio


class BlendedSVM(CountClassifier):
    """One SVM over the features of NB-SVM (Wang and Manning 2012) in some columns and TF-IDF in the others.

    Both parts of a document are normalized to unit length; the second is then multiplied by ``share``. More than two
    classes are classified one-vs-rest.

    Args:
        words: the number of leading columns that are scaled by their log-count ratio; None for all columns.
        C: inverse strength of the SVM's regularization, above 0.
        alpha: smoothing of the counts in the ratio, above 0.
        share: weight of the TF-IDF part, 0 or more.
        random_state: seed of the SVM's solver.

    Attributes:
        classes_: the classes, sorted.
        ratio_: log-count ratios, float64 of shape (1 or classes, words).
        idf_: smoothed inverse document frequencies, float64 of shape (other columns,).
        coef_: weights of the SVM, float64 of shape (1 or classes, columns).
        intercept_: float64 of shape (1 or classes,).
    """

    def __init__(
        self,
        words: int | None = None,
        C: float = 1.0,
        alpha: float = 1.0,
        share: float = 0.5,
        random_state: int | None = None,
    ) -> None:
        self.words = words
        self.C = C
        self.alpha = alpha
        self.share = share
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> BlendedSVM:
        """Fit to documents.

        Args:
            X: weights of words in the first columns and counts in the others, 0 or more, of shape (documents, columns).
            y: classes, of shape (documents,).
            sample_weight: of shape (documents,); None if all documents weigh the same.
        """
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float64)
        check_counts(self, X)
        positive_classes = self._set_classes(y)
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        words, others = self._split_columns(X)
        document_frequency = np.bincount(others.indices, minlength=others.shape[1])
        self.idf_ = 1 + np.log((1 + len(y)) / (1 + document_frequency))
        present = (words > 0).astype(np.float64)
        self.ratio_ = np.vstack(
            [log_count_ratio(present, y == positive, weight, self.alpha) for positive in positive_classes]
        )
        svms = [
            LinearSVC(C=self.C, random_state=self.random_state).fit(
                self._scale(words, others, ratio), y == positive, weight
            )
            for positive, ratio in zip(positive_classes, self.ratio_)
        ]
        self.coef_ = np.vstack([svm.coef_ for svm in svms])
        self.intercept_ = np.concatenate([svm.intercept_ for svm in svms])
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Signed distances: shape (documents,) for two classes, (documents, classes) for more."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        words, others = self._split_columns(X)
        binary = zip(self.ratio_, self.coef_)
        scores = np.column_stack([self._scale(words, others, ratio) @ weights for ratio, weights in binary])
        scores += self.intercept_
        return scores.ravel() if len(self.classes_) == 2 else scores

    def scale(self, X: Any, position: int) -> Any:
        """The features that ``coef_`` weighs for a class: sparse CSR of shape (documents, columns).

        Args:
            X: as for :meth:`fit`.
            position: of the class in ``classes_``.
        """
        return self._scale(*self._split_columns(X), self.ratio_[0 if len(self.ratio_) == 1 else position])

    def _split_columns(self, X: Any) -> tuple[Any, Any]:
        X = sparse.csr_array(X)
        words = X.shape[1] if self.words is None else self.words
        others = X[:, words:]
        others.eliminate_zeros()
        return X[:, :words], others

    def _scale(self, words: Any, others: Any, ratio: np.ndarray) -> Any:
        tfidf = others.copy()
        tfidf.data = 1 + np.log(tfidf.data)
        tfidf = normalize(tfidf @ sparse.diags_array(self.idf_)) if others.shape[1] else others
        return sparse.hstack([normalize(words @ sparse.diags_array(ratio)), self.share * tfidf], format="csr")
