"""A linear SVM over word n-grams, weighed as naive Bayes weighs them, and character n-grams, weighed by TF-IDF."""

import json

import numpy as np
from scipy import sparse
from scipy.special import expit
from sklearn.calibration import CalibratedClassifierCV
from sklearn.preprocessing import normalize
from sklearn.svm import LinearSVC
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from ..features.chargrams import gram_counter
from ..features.ngrams import term_counter
from .nb_svm import OverCounts, check_counts, log_count_ratio


class BlendedSVM(OverCounts):
    """The features of NB-SVM (Wang and Manning 2012) for some columns, TF-IDF for the others, under one SVM.

    Both parts of a document have unit length, the second is then multiplied by ``share``. With more than two classes, one
    against the rest.

    Args:
        words: the number of columns, the first ones, that are binary features with a log-count ratio; None for all.
        C: inverse strength of the SVM's regularization, above 0.
        alpha: smoothing of the counts in the ratio, above 0.
        share: weight of the TF-IDF part, 0 and up.
        random_state: seed of the SVM's solver.

    Attributes:
        classes_: the classes, sorted.
        ratio_: log-count ratios, float64 of shape (1 or classes, words).
        idf_: inverse document frequencies, smoothed, float64 of shape (other columns,).
        coef_: weights of the SVM, float64 of shape (1 or classes, columns).
        intercept_: float64 of shape (1 or classes,).
    """

    def __init__(self, words=None, C=1.0, alpha=1.0, share=0.5, random_state=None):
        self.words = words
        self.C = C
        self.alpha = alpha
        self.share = share
        self.random_state = random_state

    def fit(self, X, y, sample_weight=None):
        """Fit to counts X of shape (documents, columns), 0 or more, classes y and weights of shape (documents,)."""
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float64)
        check_counts(self, X)
        sides = self._sides(y)
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        words, others = self._parts(X)
        spread = np.bincount(others.indices, minlength=others.shape[1])
        self.idf_ = 1 + np.log((1 + len(y)) / (1 + spread))
        self.ratio_ = np.vstack([log_count_ratio(words, y == side, weight, self.alpha) for side in sides])
        svms = [
            LinearSVC(C=self.C, random_state=self.random_state).fit(
                self._features(words, others, ratio), y == side, weight
            )
            for side, ratio in zip(sides, self.ratio_)
        ]
        self.coef_ = np.vstack([svm.coef_ for svm in svms])
        self.intercept_ = np.concatenate([svm.intercept_ for svm in svms])
        return self

    def decision_function(self, X):
        """Signed distances: shape (documents,) for two classes, (documents, classes) for more."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        words, others = self._parts(X)
        sides = zip(self.ratio_, self.coef_)
        scores = np.column_stack([self._features(words, others, ratio) @ weights for ratio, weights in sides])
        scores += self.intercept_
        return scores.ravel() if len(self.classes_) == 2 else scores

    def _parts(self, X):
        X = sparse.csr_array(X)
        words = X.shape[1] if self.words is None else self.words
        others = X[:, words:]
        others.eliminate_zeros()
        return sparse.csr_array(X[:, :words] > 0, dtype=np.float64), others

    def _features(self, words, others, ratio):
        weighed = others.copy()
        weighed.data = 1 + np.log(weighed.data)
        tfidf = normalize(weighed @ sparse.diags_array(self.idf_)) if others.shape[1] else others
        return sparse.hstack([normalize(words @ sparse.diags_array(ratio)), self.share * tfidf], format="csr")


class BlendModel:
    """A :class:`BlendedSVM` with probabilities, over some word n-grams and some character n-grams.

    Args:
        terms: list of str, the word n-grams.
        grams: list of str, the character n-grams.
        svm: the fitted :class:`BlendedSVM`.
        slopes: of Platt's sigmoid, float64 of shape (1 or classes,).
        offsets: the same.
    """

    ARRAYS = ("classes_", "ratio_", "idf_", "coef_", "intercept_")

    def __init__(self, terms, grams, svm, slopes, offsets):
        self.terms = terms
        self.grams = grams
        self.svm = svm
        self.slopes = slopes
        self.offsets = offsets
        self._count_terms = term_counter(terms)
        self._count_grams = gram_counter(grams)

    @classmethod
    def fit(cls, terms, grams, counts, labels, svm, folds, weights):
        """Fit to counts of the terms and grams beside each other, and calibrate by cross-validation inside of them."""
        svm.set_params(words=len(terms))
        calibrated = CalibratedClassifierCV(svm, cv=folds, ensemble=False).fit(counts, labels, weights)
        (inside,) = calibrated.calibrated_classifiers_
        slopes, offsets = np.array([(sigmoid.a_, sigmoid.b_) for sigmoid in inside.calibrators]).T
        return cls(terms, grams, inside.estimator, slopes, offsets)

    def predict_proba(self, documents):
        return self.predict_counts(stacked(self._count_terms(documents), self._count_grams(documents)))

    def predict_split(self, features, split):
        return self.predict_proba(features.tokens(split))

    def predict_counts(self, counts):
        scores = self.svm.decision_function(counts).reshape(counts.shape[0], -1)
        positive = expit(-(self.slopes * scores + self.offsets))
        if positive.shape[1] == 1:
            return np.hstack([1 - positive, positive])
        return positive / positive.sum(axis=1, keepdims=True)

    def contributions(self, tokens, position):
        """How much each word n-gram and character n-gram of a document speaks for a class: pairs."""
        words, others = self.svm._parts(stacked(self._count_terms([tokens]), self._count_grams([tokens])))
        ratio = self.svm.ratio_[0 if len(self.svm.ratio_) == 1 else position]
        features = self.svm._features(words, others, ratio)
        names = self.terms + [f"…{gram.strip()}…" for gram in self.grams]
        return weighted_terms(features, self.svm.coef_, position, names)

    def save(self, folder):
        for name in ("terms", "grams"):
            text = json.dumps(getattr(self, name), ensure_ascii=False)
            (folder / f"{name}.json").write_text(text, encoding="utf-8")
        arrays = {name: getattr(self.svm, name) for name in self.ARRAYS}
        np.savez(folder / "blend.npz", share=self.svm.share, slopes=self.slopes, offsets=self.offsets, **arrays)

    @classmethod
    def load(cls, folder):
        terms, grams = (
            json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in ("terms", "grams")
        )
        with np.load(folder / "blend.npz") as arrays:
            svm = BlendedSVM(len(terms), share=float(arrays["share"]))
            for name in cls.ARRAYS:
                setattr(svm, name, arrays[name])
            svm.n_features_in_ = len(terms) + len(grams)
            return cls(terms, grams, svm, arrays["slopes"], arrays["offsets"])


def stacked(terms, grams):
    """Counts of word n-grams and of character n-grams beside each other."""
    return sparse.hstack([terms, grams], format="csr")


def weighted_terms(features, coefficients, position, names):
    """A document's features times the weights of a class: a list of pairs of a name and a float.

    Args:
        features: sparse CSR array of shape (1, features).
        coefficients: of shape (1 or classes, features); one row speaks for the second of two classes.
        position: the class.
        names: list of str, those of the features.
    """
    weights = coefficients[position] if len(coefficients) > 1 else coefficients[0] * (1 if position == 1 else -1)
    return [(names[column], float(value * weights[column])) for column, value in zip(features.indices, features.data)]
