"""Word n-grams and a linear model or naive Bayes: the baseline that the others have to beat."""

import json
from functools import cached_property

import numpy as np
import skops.io
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.preprocessing import Binarizer
from sklearn.svm import LinearSVC
from sklearn.utils import gen_batches

from ..features.ngrams import term_counter
from ..search.space import Choice, LogUniform, Uniform
from .nb_svm import NBSVM

LINEAR = ("logistic_regression", "linear_svm")

SPACE = {
    "classifier": Choice((*LINEAR, "nb_svm", "multinomial_nb", "gaussian_nb")),
    "weighting": Choice(("tfidf", "counts", "binary"), when={"classifier": (*LINEAR, "multinomial_nb", "gaussian_nb")}),
    "max_order": Choice((1, 2, 3)),
    "max_terms": Choice((5_000, 20_000, 200_000), when={"classifier": (*LINEAR, "nb_svm", "multinomial_nb")}),
    "C": LogUniform(0.01, 100.0, when={"classifier": (*LINEAR, "nb_svm")}),
    "alpha": LogUniform(0.01, 2.0, when={"classifier": ("nb_svm", "multinomial_nb")}),
    "interpolation": Uniform(0.05, 1.0, when={"classifier": ("nb_svm",)}),
    "var_smoothing": LogUniform(1e-9, 0.1, when={"classifier": ("gaussian_nb",)}),
}
DEFAULTS = {
    "classifier": "nb_svm",
    "weighting": "tfidf",
    "max_order": 3,
    "max_terms": 200_000,
    "C": 1.0,
    "alpha": 1.0,
    "interpolation": 0.25,
    "var_smoothing": 0.01,
}
# What scikit-learn's calibration holds inside; skops loads no type that is neither well known nor named here.
TRUSTED = ["sklearn.calibration._CalibratedClassifier", "sklearn.calibration._SigmoidCalibration"]
DENSE_TERMS = 2_000  # gaussian_nb needs a dense matrix
BATCH = 10_000  # documents that are predicted at a time, so that memory does not grow with their number


def fit(features, point, seed, epochs, batch_size, on_epoch):
    """See :mod:`steps.models`. ``epochs`` and ``batch_size`` have no meaning here: the fit is one pass."""
    columns = _columns(features.terms, point)
    labels = features.labels("train")
    classifier = _classifier(point, seed, smallest_class=int(np.bincount(labels).min()))
    model = SimpleModel([features.terms[column] for column in columns], _weighting(point), classifier, columns)
    model.fit(features.counts("train")[:, columns], labels)
    figures = {}
    for prefix, split in (("", "train"), ("val_", "validation")):
        probabilities = model.predict_split(features, split)
        truth = features.labels(split)
        figures[f"{prefix}accuracy"] = float(np.mean(probabilities.argmax(axis=1) == truth))
        figures[f"{prefix}loss"] = float(log_loss(truth, probabilities, labels=range(probabilities.shape[1])))
    on_epoch(1, figures)
    return model


def load(folder):
    terms = json.loads((folder / "terms.json").read_text(encoding="utf-8"))
    fitted = skops.io.load(folder / "fitted.skops", trusted=TRUSTED)
    return SimpleModel(terms, fitted["weighting"], fitted["classifier"])


class SimpleModel:
    """A scikit-learn classifier over the weighted counts of some terms.

    Args:
        terms: list of str, the n-grams that it counts.
        weighting: scikit-learn transformer of their counts, or None for the counts themselves.
        classifier: scikit-learn classifier with probabilities.
        columns: the terms' columns in the features' counts; None for a model that was loaded.
    """

    def __init__(self, terms, weighting, classifier, columns=None):
        self.terms = terms
        self.weighting = weighting
        self.classifier = classifier
        self.columns = columns

    def fit(self, counts, labels):
        weighted = self.weighting.fit_transform(counts) if self.weighting else counts
        self.classifier.fit(self._as_needed(weighted), labels)
        if isinstance(self.classifier, CalibratedClassifierCV):
            _as_plain_svm(self.classifier)

    def predict_proba(self, documents):
        return self._probabilities(self._count(documents))

    def predict_split(self, features, split):
        columns = self.columns
        if columns is None:
            place = {term: column for column, term in enumerate(features.terms)}
            columns = [place[term] for term in self.terms]
        return self._probabilities(features.counts(split)[:, columns])

    def save(self, folder):
        (folder / "terms.json").write_text(json.dumps(self.terms, ensure_ascii=False), encoding="utf-8")
        skops.io.dump({"weighting": self.weighting, "classifier": self.classifier}, folder / "fitted.skops")

    @cached_property
    def _count(self):
        return term_counter(self.terms)

    def _probabilities(self, counts):
        weighted = self.weighting.transform(counts) if self.weighting else counts
        slices = gen_batches(weighted.shape[0], BATCH)
        parts = [self.classifier.predict_proba(self._as_needed(weighted[rows])) for rows in slices]
        probabilities = np.concatenate(parts).astype(np.float64)
        return probabilities / probabilities.sum(axis=1, keepdims=True)  # float32 rows sum to 1 only nearly

    def _as_needed(self, matrix):
        return matrix.toarray() if isinstance(self.classifier, GaussianNB) else matrix


def _columns(terms, point):
    """Columns of the terms that a point admits: the most widespread ones up to its order."""
    limit = DENSE_TERMS if point["classifier"] == "gaussian_nb" else point["max_terms"]
    admitted = [column for column, term in enumerate(terms) if term.count(" ") < point["max_order"]]
    return admitted[:limit]


def _weighting(point):
    if point["classifier"] == "nb_svm":
        return Binarizer()
    return {"tfidf": TfidfTransformer(sublinear_tf=True), "counts": None, "binary": Binarizer()}[point["weighting"]]


def _classifier(point, seed, smallest_class):
    if point["classifier"] == "gaussian_nb":
        return GaussianNB(var_smoothing=point["var_smoothing"])
    if point["classifier"] == "multinomial_nb":
        return MultinomialNB(alpha=point["alpha"])
    if point["classifier"] == "logistic_regression":
        return LogisticRegression(C=point["C"], max_iter=1000, random_state=seed)
    if point["classifier"] == "nb_svm":
        svm = NBSVM(point["C"], point["alpha"], point["interpolation"], random_state=seed)
    else:
        svm = LinearSVC(C=point["C"], random_state=seed)
    # An SVM has no probabilities of its own: Platt scaling, fitted by cross-validation inside the training split.
    return CalibratedClassifierCV(svm, cv=min(3, smallest_class), ensemble=False)


def _as_plain_svm(calibrated):
    """Put the ``LinearSVC`` that an :class:`NBSVM` amounts to in its place: the served model knows scikit-learn alone."""
    (inside,) = calibrated.calibrated_classifiers_
    if isinstance(inside.estimator, NBSVM):
        calibrated.estimator = inside.estimator = inside.estimator.as_linear_svc()
