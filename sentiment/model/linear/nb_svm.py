"""NB-SVM: a linear SVM over binary word features that are scaled by their naive Bayes log-count ratios."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.svm import LinearSVC
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data


class CountClassifier(ClassifierMixin, BaseEstimator):
    """Base of classifiers of counts that have a ``decision_function``, of shape (documents,) for two classes."""

    def predict(self, X: Any) -> np.ndarray:
        """The class of each document, shape (documents,)."""
        scores = self.decision_function(X)
        return self.classes_[(scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)]

    def set_classes(self, y: np.ndarray) -> np.ndarray:
        """Store the classes, and return the positive class of each binary problem: all, or the second of two."""
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise ValueError(f"{type(self).__name__} needs two classes, and y has one class: {self.classes_[0]}")
        return self.classes_[1:] if len(self.classes_) == 2 else self.classes_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        # On the dense data of scikit-learn's checks: only zero or not matters here.
        tags.classifier_tags.poor_score = True
        return tags


class NBSVM(CountClassifier):
    """Binary features times their log-count ratio, classified by an SVM (Wang and Manning 2012, sections 2.1 to 2.3).

    More than two classes are classified one-vs-rest.

    Args:
        C: inverse strength of the SVM's regularization, above 0.
        alpha: smoothing of the counts, above 0.
        interpolation: the paper's beta, 0 to 1: with 1 the weights are the SVM's; with 0 all features have their mean
            magnitude, which leaves naive Bayes.
        random_state: seed of the SVM's solver.

    Attributes:
        classes_: the classes, sorted.
        coef_: weights of the binary features, float64 of shape (1 or classes, features).
        intercept_: float64 of shape (1 or classes,).
    """

    def __init__(
        self, C: float = 1.0, alpha: float = 1.0, interpolation: float = 0.25, random_state: int | None = None
    ) -> None:
        self.C = C
        self.alpha = alpha
        self.interpolation = interpolation
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> NBSVM:
        """Fit to documents.

        Args:
            X: counts, 0 or more, of shape (documents, features).
            y: classes, of shape (documents,).
            sample_weight: of shape (documents,); None if all documents weigh the same.
        """
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float64)
        check_counts(self, X)
        positive_classes = self.set_classes(y)
        present = sparse.csr_array(X > 0, dtype=np.float64)
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        fitted = [self._fit_binary(present, y == positive, weight) for positive in positive_classes]
        self.coef_ = np.vstack([weights for weights, _ in fitted])
        self.intercept_ = np.array([intercept for _, intercept in fitted])
        return self

    def decision_function(self, X: Any) -> np.ndarray:
        """Signed distances: shape (documents,) for two classes, (documents, classes) for more."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        scores = sparse.csr_array(X > 0, dtype=np.float64) @ self.coef_.T + self.intercept_
        return scores.ravel() if len(self.classes_) == 2 else scores

    def as_linear_svc(self) -> LinearSVC:
        """The same model of binary features as a ``LinearSVC``, which loads without code of this project."""
        linear = LinearSVC(C=self.C, random_state=self.random_state)
        linear.classes_, linear.coef_, linear.intercept_ = self.classes_, self.coef_, self.intercept_
        linear.n_features_in_ = self.n_features_in_
        return linear

    def _fit_binary(
        self, present: Any, positive: np.ndarray, sample_weight: np.ndarray
    ) -> tuple[np.ndarray, np.float64]:
        ratio = log_count_ratio(present, positive, sample_weight, self.alpha)
        scaled = scale_columns(present, ratio)
        svm = LinearSVC(C=self.C, random_state=self.random_state).fit(scaled, positive, sample_weight)
        weights = svm.coef_[0]
        weights = (1 - self.interpolation) * np.abs(weights).mean() + self.interpolation * weights
        return ratio * weights, svm.intercept_[0]


def log_count_ratio(present: Any, positive: np.ndarray, sample_weight: np.ndarray, alpha: float) -> np.ndarray:
    """The log ratio of the features' smoothed frequencies in positive and other documents (Wang and Manning 2012).

    Args:
        present: sparse array of 0 and 1, of shape (documents, features).
        positive: bool array of shape (documents,).
        sample_weight: float array of shape (documents,).
        alpha: added to each count, above 0.

    Returns:
        float64 array of shape (features,).
    """
    inside = present[positive].T @ sample_weight[positive]
    outside = present[~positive].T @ sample_weight[~positive]
    return log_ratio(inside, outside, alpha)


def log_ratio(inside: np.ndarray, outside: np.ndarray, alpha: float) -> np.ndarray:
    """The same from features' counts in positive and in other documents: float64 arrays of shape (features,)."""
    inside, outside = alpha + inside, alpha + outside
    return np.log(inside / inside.sum()) - np.log(outside / outside.sum())


def scale_columns(matrix: Any, weights: np.ndarray) -> Any:
    """The product with a diagonal matrix; SciPy's general product would dominate the latency of one text.

    Args:
        matrix: sparse CSR array of shape (documents, features).
        weights: float array of shape (features,).

    Returns:
        Sparse CSR array of shape (documents, features).
    """
    return sparse.csr_array((matrix.data * weights[matrix.indices], matrix.indices, matrix.indptr), matrix.shape)


def check_counts(estimator: BaseEstimator, X: Any) -> None:
    """Raise ValueError if there are values below 0."""
    if (X.data if sparse.issparse(X) else X).min(initial=0) < 0:
        raise ValueError(f"Negative values in data passed to {type(estimator).__name__}: expected counts")
