"""A linear SVM over word n-grams, weighed as naive Bayes weighs them, and character n-grams, weighed by TF-IDF."""

import json

import numpy as np
from scipy import sparse
from scipy.special import expit
from sklearn.calibration import CalibratedClassifierCV
from sklearn.preprocessing import normalize
from sklearn.svm import LinearSVC
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from ..text.chargrams import gram_counter
from ..text.ngrams import term_weigher
from .nb_svm import OverCounts, check_counts, log_count_ratio


class BlendedSVM(OverCounts):
    """The features of NB-SVM (Wang and Manning 2012) for some columns, TF-IDF for the others, under one SVM.

    Both parts of a document have unit length, the second is then multiplied by ``share``. With more than two classes, one
    against the rest.

    Args:
        words: the number of columns, the first ones, that are multiplied by the log-count ratio of their presence; None
            for all.
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
        """Fit to X of shape (documents, columns), classes y and weights of shape (documents,).

        X has what the first columns weigh in a document, and counts of the others; 0 or more, 0 for what is not there.
        """
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float64)
        check_counts(self, X)
        sides = self._sides(y)
        weight = _check_sample_weight(sample_weight, X, dtype=np.float64)
        words, others = self._parts(X)
        spread = np.bincount(others.indices, minlength=others.shape[1])
        self.idf_ = 1 + np.log((1 + len(y)) / (1 + spread))
        present = (words > 0).astype(np.float64)
        self.ratio_ = np.vstack([log_count_ratio(present, y == side, weight, self.alpha) for side in sides])
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
        return X[:, :words], others

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
        tail_weight: see :func:`sentiment.model.text.ngrams.term_weights`.
    """

    ARRAYS = ("classes_", "ratio_", "idf_", "coef_", "intercept_")

    def __init__(self, terms, grams, svm, slopes, offsets, tail_weight):
        self.terms = terms
        self.grams = grams
        self.svm = svm
        self.slopes = slopes
        self.offsets = offsets
        self.tail_weight = tail_weight
        self._weigh_terms = term_weigher(terms, tail_weight)
        self._count_grams = gram_counter(grams)

    @classmethod
    def fit(cls, terms, grams, features, labels, svm, folds, weights, tail_weight):
        """Fit to weights of the terms and counts of the grams, :func:`stacked`, and calibrate by cross-validation inside."""
        svm.set_params(words=len(terms))
        calibrated = CalibratedClassifierCV(svm, cv=folds, ensemble=False).fit(features, labels, weights)
        (inside,) = calibrated.calibrated_classifiers_
        slopes, offsets = np.array([(sigmoid.a_, sigmoid.b_) for sigmoid in inside.calibrators]).T
        return cls(terms, grams, inside.estimator, slopes, offsets, tail_weight)

    def predict_proba(self, documents):
        return self.predict_features(stacked(self._weigh_terms(documents), self._count_grams(documents)))

    def predict_split(self, features, split):
        return self.predict_proba(features.tokens(split))

    def predict_features(self, features):
        scores = self.svm.decision_function(features).reshape(features.shape[0], -1)
        positive = expit(-(self.slopes * scores + self.offsets))
        if positive.shape[1] == 1:
            return np.hstack([1 - positive, positive])
        return positive / positive.sum(axis=1, keepdims=True)

    def contributions(self, tokens, position):
        """How much each word n-gram and character n-gram of a document speaks for a class: pairs."""
        words, others = self.svm._parts(stacked(self._weigh_terms([tokens]), self._count_grams([tokens])))
        ratio = self.svm.ratio_[0 if len(self.svm.ratio_) == 1 else position]
        features = self.svm._features(words, others, ratio)
        names = self.terms + [f"…{gram.strip()}…" for gram in self.grams]
        return weighted_terms(features, self.svm.coef_, position, names)

    def save(self, folder):
        for name in ("terms", "grams"):
            text = json.dumps(getattr(self, name), ensure_ascii=False)
            (folder / f"{name}.json").write_text(text, encoding="utf-8")
        arrays = {name: getattr(self.svm, name) for name in self.ARRAYS}
        scalars = {"share": self.svm.share, "tail_weight": self.tail_weight}
        np.savez(folder / "blend.npz", slopes=self.slopes, offsets=self.offsets, **scalars, **arrays)

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
            return cls(terms, grams, svm, arrays["slopes"], arrays["offsets"], float(arrays["tail_weight"]))


def stacked(terms, grams):
    """Weights of word n-grams and counts of character n-grams beside each other."""
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
