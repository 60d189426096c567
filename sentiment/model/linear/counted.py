"""Scikit-learn classifiers over weighted counts of word n-grams."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import cached_property
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.preprocessing import Binarizer
from sklearn.svm import LinearSVC
from sklearn.utils import gen_batches

from ..folds import IN_MEMORY, calibration_folds
from ..space import Params
from ..text.ngrams import make_term_counter
from ..training import SEARCH_SPLITS, Features, compute_sample_weight
from .nb_svm import NBSVM
from .terms import select_terms_of
from .trainer import Trainer

CLASSIFIERS: dict[str, Callable[[Params, int], ClassifierMixin]] = {
    "logistic_regression": lambda params, seed: LogisticRegression(C=params["C"], max_iter=1000, random_state=seed),
    "linear_svm": lambda params, seed: LinearSVC(C=params["C"], random_state=seed),
    "nb_svm": lambda params, seed: NBSVM(params["C"], params["alpha"], params["interpolation"], random_state=seed),
    "multinomial_nb": lambda params, seed: MultinomialNB(alpha=params["alpha"]),
    "gaussian_nb": lambda params, seed: GaussianNB(var_smoothing=params["var_smoothing"]),
}
# Parts of scikit-learn's calibration; skops loads only well-known types and those named here.
TRUSTED = ["sklearn.calibration._CalibratedClassifier", "sklearn.calibration._SigmoidCalibration"]
BATCH = 10_000  # documents that are predicted at a time, so that memory does not grow with their number


class CountTrainer(Trainer):
    """Fits a :class:`CountModel`."""

    @property
    def calibrates(self) -> bool:
        """An SVM gets its probabilities by Platt scaling, cross-validated on the training split."""
        return not hasattr(self._classifier(), "predict_proba")

    def fit(self) -> tuple[CountModel, dict[str, np.ndarray]]:
        labels = self._features.labels("train")
        folds = calibration_folds(labels, self._features.groups("train"), self._training.seed)
        classifier = self._classifier()
        if self.calibrates:
            classifier = CalibratedClassifierCV(classifier, cv=folds, ensemble=False)
        model = CountModel(self._terms, self._weighting(), classifier, self._columns)
        weights = compute_sample_weight(labels, self._training)
        model.fit(self._features.counts("train")[:, self._columns], labels, weights)
        return model, {split: model.predict_split(self._features, split) for split in SEARCH_SPLITS}

    def fold(self, inside: np.ndarray, outside: np.ndarray) -> tuple[ClassifierMixin, Any, Any]:
        columns = select_terms_of(self._counts[inside], self._orders, self._params)
        train, test = (self._counts[rows][:, columns] for rows in (inside, outside))
        if weighting := self._weighting():
            train, test = weighting.fit_transform(train), weighting.transform(test)
        classifier = self._classifier()
        return classifier, _as_needed(classifier, train), _as_needed(classifier, test)

    def _classifier(self) -> ClassifierMixin:
        return CLASSIFIERS[self._params["classifier"]](self._params, self._training.seed)

    def _weighting(self) -> Any:
        if self._params["classifier"] == "nb_svm":
            return Binarizer()
        kinds = {"tfidf": TfidfTransformer(sublinear_tf=True), "counts": None, "binary": Binarizer()}
        return kinds[self._params["weighting"]]


class CountModel:
    """A scikit-learn classifier over the weighted counts of some terms.

    Args:
        terms: the n-grams that it counts.
        weighting: scikit-learn transformer of their counts; None to use the counts themselves.
        classifier: scikit-learn classifier with probabilities.
        columns: of the terms in the features' counts; None for a loaded model.
    """

    FITTED = "fitted.skops"
    raw_text = False

    def __init__(
        self, terms: list[str], weighting: Any, classifier: ClassifierMixin, columns: list[int] | None = None
    ) -> None:
        self.terms = terms
        self.weighting = weighting
        self.classifier = classifier
        self.columns = columns

    def fit(self, counts: Any, labels: np.ndarray, weights: np.ndarray | None = None) -> None:
        weighted = self.weighting.fit_transform(counts) if self.weighting else counts
        if isinstance(self.classifier, GaussianNB) and len(labels) > IN_MEMORY:
            for rows in gen_batches(len(labels), BATCH):
                part = _as_needed(self.classifier, weighted[rows])
                of_part = None if weights is None else weights[rows]
                self.classifier.partial_fit(part, labels[rows], np.unique(labels), of_part)
            return
        self.classifier.fit(_as_needed(self.classifier, weighted), labels, sample_weight=weights)
        if isinstance(self.classifier, CalibratedClassifierCV):
            _replace_nb_svm(self.classifier)

    def predict_proba(self, documents: list) -> np.ndarray:
        return self._predict_counts(self._count(documents))

    def predict_split(self, features: Features, split: str) -> np.ndarray:
        columns = self.columns
        if columns is None:
            column = {term: number for number, term in enumerate(features.terms)}
            columns = [column[term] for term in self.terms]
        return self._predict_counts(features.counts(split)[:, columns])

    def save(self, folder: Path) -> None:
        skops_io = _import_skops()
        (folder / "terms.json").write_text(json.dumps(self.terms, ensure_ascii=False), encoding="utf-8")
        skops_io.dump({"weighting": self.weighting, "classifier": self.classifier}, folder / self.FITTED)

    @classmethod
    def load(cls, folder: Path) -> CountModel:
        """The model that :meth:`save` wrote."""
        skops_io = _import_skops()
        terms = json.loads((folder / "terms.json").read_text(encoding="utf-8"))
        fitted = skops_io.load(folder / cls.FITTED, trusted=TRUSTED)
        return cls(terms, fitted["weighting"], fitted["classifier"])

    @cached_property
    def _count(self) -> Callable[[list], Any]:
        return make_term_counter(self.terms)

    def _predict_counts(self, counts: Any) -> np.ndarray:
        weighted = self.weighting.transform(counts) if self.weighting else counts
        slices = gen_batches(weighted.shape[0], BATCH)
        parts = [self.classifier.predict_proba(_as_needed(self.classifier, weighted[rows])) for rows in slices]
        probabilities = np.concatenate(parts).astype(np.float64)
        return probabilities / probabilities.sum(axis=1, keepdims=True)  # rows of float32 sum to 1 only approximately


def _import_skops() -> ModuleType:
    """The module ``skops.io``.

    It imports every module of scikit-learn to list the estimators. One of them imports torch, if installed, which takes
    most of the time of a short step. That module has no estimators and is skipped.
    """
    finder = _NoAdapterToTorch()
    sys.meta_path.insert(0, finder)
    try:
        import skops.io

        return skops.io
    finally:
        sys.meta_path.remove(finder)


class _NoAdapterToTorch(MetaPathFinder):
    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == "sklearn.externals.array_api_compat.torch":
            raise ModuleNotFoundError(f"{fullname} is not wanted")


def _as_needed(classifier: ClassifierMixin, matrix: Any) -> Any:
    return matrix.toarray() if isinstance(classifier, GaussianNB) else matrix


def _replace_nb_svm(calibrated: CalibratedClassifierCV) -> None:
    """Replace an :class:`NBSVM` by the equivalent ``LinearSVC``: only scikit-learn's own types are saved."""
    (inside,) = calibrated.calibrated_classifiers_
    if isinstance(inside.estimator, NBSVM):
        calibrated.estimator = inside.estimator = inside.estimator.as_linear_svc()
