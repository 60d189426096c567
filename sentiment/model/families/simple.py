"""Word n-grams and a linear model or naive Bayes: the baseline that the others have to beat."""

import json
import tempfile
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import skops.io
from scipy import sparse
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.preprocessing import Binarizer
from sklearn.svm import LinearSVC
from sklearn.utils import gen_batches

from ..linear.blend import BlendedSVM, BlendModel, stacked, weighted_terms
from ..linear.nb_svm import NBSVM
from ..space import Choice, LogUniform, Uniform
from ..text.chargrams import gram_counter, learn_grams, widespread
from ..text.ngrams import MIN_DOCUMENTS, tails, term_counter, term_weights
from ..training import SMALL_CORPUS, document_weights

LINEAR = ("logistic_regression", "linear_svm")

SPACE = {
    "classifier": Choice((*LINEAR, "nb_svm", "blend", "multinomial_nb", "gaussian_nb")),
    "weighting": Choice(("tfidf", "counts", "binary"), when={"classifier": (*LINEAR, "multinomial_nb", "gaussian_nb")}),
    "max_order": Choice((1, 2, 3)),
    "max_terms": Choice((5_000, 20_000, 200_000), when={"classifier": (*LINEAR, "nb_svm", "blend", "multinomial_nb")}),
    "C": LogUniform(0.01, 100.0, when={"classifier": (*LINEAR, "nb_svm", "blend")}),
    "alpha": LogUniform(0.01, 10.0, when={"classifier": ("nb_svm", "blend", "multinomial_nb")}),
    "interpolation": Uniform(0.05, 1.0, when={"classifier": ("nb_svm",)}),
    "char_share": Uniform(0.1, 1.0, when={"classifier": ("blend",)}),
    "tail_weight": Uniform(0.0, 2.0, when={"classifier": ("blend",)}),
    "var_smoothing": LogUniform(1e-9, 0.1, when={"classifier": ("gaussian_nb",)}),
}
DEFAULTS = {
    "classifier": "blend",
    "weighting": "tfidf",
    "max_order": 3,
    "max_terms": 200_000,
    "C": 3.0,
    "alpha": 4.0,
    "interpolation": 0.25,
    "char_share": 1.0,
    "tail_weight": 1.0,
    "var_smoothing": 0.01,
}
# What scikit-learn's calibration holds inside; skops loads no type that is neither well known nor named here.
TRUSTED = ["sklearn.calibration._CalibratedClassifier", "sklearn.calibration._SigmoidCalibration"]
DENSE_TERMS = 2_000  # gaussian_nb needs a dense matrix
FOLDS = 5
BATCH = 10_000  # documents that are predicted at a time, so that memory does not grow with their number


def fit(features, point, training, on_epoch):
    """See :mod:`sentiment.model.families`. Epochs and batch size have no meaning here: the fit is one pass."""
    columns = _columns(features.terms, point)
    labels = features.labels("train")
    terms = [features.terms[column] for column in columns]
    folds, weights = min(3, np.bincount(labels).min()), document_weights(labels, training)
    classifier = _classifier(point, training.seed)
    if point["classifier"] == "blend":
        grams, counts = _gram_counts(features)
        tail_weight = point["tail_weight"]
        blended = {
            split: stacked(_weights(features, split, tail_weight)[:, columns], counts[split]) for split in counts
        }
        model = BlendModel.fit(terms, grams, blended["train"], labels, classifier, folds, weights, tail_weight)
        probabilities = {split: model.predict_features(blended[split]) for split in blended}
    else:
        model = SimpleModel(terms, _weighting(point), _calibrated(classifier, folds), columns)
        model.fit(features.counts("train")[:, columns], labels, weights)
        probabilities = {split: model.predict_split(features, split) for split in ("train", "validation")}
    figures = {}
    for prefix, split in (("", "train"), ("val_", "validation")):
        truth = features.labels(split)
        figures[f"{prefix}accuracy"] = float(np.mean(probabilities[split].argmax(axis=1) == truth))
        figures[f"{prefix}loss"] = float(log_loss(truth, probabilities[split], labels=range(len(features.classes))))
    on_epoch(1, figures)
    return model


def cross_validate(features, point, training, folds=FOLDS):
    """Accuracy of a point in a cross-validation over training and validation split: steadier than on the latter alone.

    Every fold fits all anew that is fitted, on its own part: which terms are admitted, their weights, the classifier.

    Returns:
        Share of right labels, 0 to 1; None where there are more than ``SMALL_CORPUS`` documents, so that the validation
        split tells points apart by itself, or a class has one document.
    """
    labels = np.concatenate([features.labels("train"), features.labels("validation")])
    folds = min(folds, np.bincount(labels).min())
    if len(labels) > SMALL_CORPUS or folds < 2:
        return None
    counts = weights = _both(features.counts)
    if point["classifier"] == "blend":
        weights = _both(lambda split: _weights(features, split, point["tail_weight"]))
        grams = _both(_gram_counts(features)[1].get)
    orders = np.array([term.count(" ") + 1 for term in features.terms])
    right = 0
    for inside, outside in StratifiedKFold(folds, shuffle=True, random_state=training.seed).split(labels, labels):
        spread = np.bincount(counts[inside].indices, minlength=counts.shape[1])
        admitted = np.flatnonzero((spread >= MIN_DOCUMENTS) & (orders <= point["max_order"]))
        columns = admitted[np.argsort(-spread[admitted], kind="stable")][: _limit(point)]
        parts = [weights[rows][:, columns] for rows in (inside, outside)]
        classifier = _classifier(point, training.seed)
        if point["classifier"] == "blend":
            kept = widespread(np.bincount(grams[inside].indices, minlength=grams.shape[1]))
            parts = [stacked(part, grams[rows][:, kept]) for part, rows in zip(parts, (inside, outside))]
            classifier.set_params(words=len(columns))
        elif weighting := _weighting(point):
            parts = [weighting.fit_transform(parts[0]), weighting.transform(parts[1])]
        if point["classifier"] == "gaussian_nb":
            parts = [part.toarray() for part in parts]
        classifier.fit(parts[0], labels[inside], sample_weight=document_weights(labels[inside], training))
        right += np.sum(classifier.predict(parts[1]) == labels[outside])
    return float(right / len(labels))


def refit(features, point, training, _):
    """The model of a point fitted on training and validation split, whose n-grams are of both, too."""
    with tempfile.TemporaryDirectory() as folder:
        return fit(features.joined(Path(folder)), point, training, lambda epoch, figures: None)


@lru_cache(maxsize=1)  # all trials of a search read it
def _gram_counts(features):
    """The character n-grams of the training split, and their counts in training and validation split."""
    grams = learn_grams(features.tokens("train"))
    count = gram_counter(grams)
    return grams, {split: count(features.tokens(split)) for split in ("train", "validation")}


def _both(of_split):
    """The sparse matrices that a function gives for the two splits, one over the other."""
    return sparse.vstack([of_split(split) for split in ("train", "validation")], format="csr")


def _weights(features, split, tail_weight):
    """:func:`term_weights` of all terms in a split."""
    in_tail = _tail_counts(features)[split] if tail_weight else None
    return term_weights(features.counts(split), in_tail, tail_weight)


@lru_cache(maxsize=1)
def _tail_counts(features):
    """Counts of all terms in the second halves of the training and the validation texts."""
    count = term_counter(features.terms)
    return {split: count(tails(features.tokens(split))) for split in ("train", "validation")}


def load(folder):
    if (folder / "blend.npz").exists():
        return BlendModel.load(folder)
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

    def fit(self, counts, labels, weights=None):
        weighted = self.weighting.fit_transform(counts) if self.weighting else counts
        self.classifier.fit(self._as_needed(weighted), labels, sample_weight=weights)
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

    def contributions(self, tokens, position):
        """How much each term of a document speaks for a class, pairs; None for a classifier that is not linear.

        Args:
            tokens: list of str.
            position: the class.
        """
        classifier = self.classifier
        if isinstance(classifier, CalibratedClassifierCV):
            classifier = classifier.calibrated_classifiers_[0].estimator
        if not hasattr(classifier, "coef_"):
            return None
        counts = self._count([tokens])
        return weighted_terms(
            self.weighting.transform(counts) if self.weighting else counts, classifier.coef_, position, self.terms
        )

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
    """Columns of the terms that a point admits: the most widespread ones up to its order; the terms are in that order."""
    return [column for column, term in enumerate(terms) if term.count(" ") < point["max_order"]][: _limit(point)]


def _limit(point):
    return DENSE_TERMS if point["classifier"] == "gaussian_nb" else point["max_terms"]


def _weighting(point):
    if point["classifier"] == "nb_svm":
        return Binarizer()
    return {"tfidf": TfidfTransformer(sublinear_tf=True), "counts": None, "binary": Binarizer()}[point["weighting"]]


def _classifier(point, seed):
    match point["classifier"]:
        case "gaussian_nb":
            return GaussianNB(var_smoothing=point["var_smoothing"])
        case "multinomial_nb":
            return MultinomialNB(alpha=point["alpha"])
        case "logistic_regression":
            return LogisticRegression(C=point["C"], max_iter=1000, random_state=seed)
        case "nb_svm":
            return NBSVM(point["C"], point["alpha"], point["interpolation"], random_state=seed)
        case "blend":
            return BlendedSVM(None, point["C"], point["alpha"], point["char_share"], random_state=seed)
        case "linear_svm":
            return LinearSVC(C=point["C"], random_state=seed)


def _calibrated(classifier, folds):
    """A classifier with probabilities: an SVM gets them by Platt scaling, cross-validated inside the training split."""
    if hasattr(classifier, "predict_proba"):
        return classifier
    return CalibratedClassifierCV(classifier, cv=folds, ensemble=False)


def _as_plain_svm(calibrated):
    """Put the ``LinearSVC`` that an :class:`NBSVM` amounts to in its place: the served model knows scikit-learn alone."""
    (inside,) = calibrated.calibrated_classifiers_
    if isinstance(inside.estimator, NBSVM):
        calibrated.estimator = inside.estimator = inside.estimator.as_linear_svc()
