"""Validation of models that are fitted in one go: on the splits, and by cross-validation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.calibration import _SigmoidCalibration
from sklearn.metrics import log_loss

from .calibration import fit_temperature, scale_temperature
from .families import OnEpoch
from .folds import count_folds, split_folds
from .training import Features, Training, accuracy, compute_sample_weight

FOLDS = 3
MAX_DOCUMENTS = 50_000  # to cross-validate on; beyond, the validation split is large enough to select on

# An unfitted classifier and its inputs, for the rows to fit on and for those to predict.
Fold = Callable[[np.ndarray, np.ndarray], tuple[ClassifierMixin, Any, Any]]
# (scores, labels, weights, others) -> calibrated probabilities of the others; fitted to the first three.
Calibrate = Callable[[np.ndarray, np.ndarray, np.ndarray | None, np.ndarray], np.ndarray]


def report_fit(
    features: Features, training: Training, probabilities: Mapping[str, np.ndarray], on_epoch: OnEpoch
) -> None:
    """Report the metrics of a single fit; see :meth:`sentiment.model.families.Family.fit`.

    Args:
        features: the corpus.
        training: its ``metric`` is among them.
        probabilities: of training and validation split, float64 of shape (documents, classes).
        on_epoch: gets the metrics, as those of epoch 1.
    """
    figures: dict[str, float] = {}
    for split, found in probabilities.items():
        labels, prefix = features.labels(split), "val_" if split == "validation" else ""
        figures[f"{prefix}accuracy"] = accuracy(labels, found)
        figures[f"{prefix}loss"] = float(log_loss(labels, found, labels=range(len(features.classes))))
    metric = training.metric
    figures.setdefault(
        f"val_{metric.name}", metric.function(features.labels("validation"), probabilities["validation"])
    )
    on_epoch(1, figures)


def cross_validate_folds(
    fold: Fold,
    labels: np.ndarray,
    groups: np.ndarray | None,
    training: Training,
    calibrate: Calibrate | None,
    max_folds: int = FOLDS,
) -> float | None:
    """``training.metric`` in a cross-validation.

    Args:
        fold: makes the classifier of a fold and its inputs.
        labels: of all documents, int array of shape (documents,).
        groups: of documents that share a fold, as near-duplicates do, of the same shape; None if each is its own.
        training: its ``metric``, ``seed`` and ``class_weight`` are used.
        calibrate: the calibration of the fitted model; None if there is none. Each fold is calibrated on the
            others.
        max_folds: number of folds; fewer if a class has fewer documents.

    Returns:
        The value of the metric. None if there are more than ``MAX_DOCUMENTS`` documents, or if a class has a single
        document.
    """
    folds = count_folds(labels, groups, max_folds)
    if len(labels) > MAX_DOCUMENTS or folds < 2:
        return None
    found = predict_folds(fold, labels, groups, training, folds)
    probabilities = found.copy()
    if calibrate:
        for inside, outside in split_folds(labels, groups, folds, training.seed):
            weights = compute_sample_weight(labels[inside], training)
            probabilities[outside] = calibrate(found[inside], labels[inside], weights, found[outside])
    return training.metric.function(labels, probabilities)


def calibrate_by_temperature(
    probabilities: np.ndarray, labels: np.ndarray, weights: np.ndarray | None, others: np.ndarray
) -> np.ndarray:
    """A ``Calibrate`` for probabilities (:mod:`sentiment.model.calibration`)."""
    return scale_temperature(others, fit_temperature(probabilities, labels, weights))


def calibrate_by_sigmoids(
    scores: np.ndarray, labels: np.ndarray, weights: np.ndarray | None, others: np.ndarray
) -> np.ndarray:
    """A ``Calibrate`` for scores: Platt's sigmoid of each class, as ``CalibratedClassifierCV`` fits and joins them."""
    sigmoids = fit_sigmoids(scores, labels, range(scores.shape[1]), weights)
    found = np.column_stack([sigmoid.predict(column) for sigmoid, column in zip(sigmoids, others.T)])
    total = found.sum(axis=1, keepdims=True)
    return np.divide(found, total, out=np.full_like(found, 1 / found.shape[1]), where=total != 0)


def fit_sigmoids(
    scores: np.ndarray, labels: np.ndarray, classes: Iterable[Any], weights: np.ndarray | None
) -> list[_SigmoidCalibration]:
    """Platt's sigmoid of each class against the others (Platt 1999).

    Args:
        scores: float array of shape (documents, classes), of documents that the classifier was not fitted to.
        labels: of the documents, of shape (documents,).
        classes: the class of each column.
        weights: of the documents, of shape (documents,); None if all weigh the same.
    """
    weights = None if weights is None else weights.astype(np.float64)  # scikit-learn takes no float32 here
    return [_SigmoidCalibration().fit(column, labels == label, weights) for column, label in zip(scores.T, classes)]


def predict_folds(
    fold: Fold, labels: np.ndarray, groups: np.ndarray | None, training: Training, folds: int
) -> np.ndarray:
    """Out-of-fold predictions: probabilities, or the scores of a classifier without them.

    Returns:
        float64 array of shape (documents, classes).
    """
    found = np.zeros((len(labels), labels.max() + 1))
    for inside, outside in split_folds(labels, groups, folds, training.seed):
        classifier, train, test = fold(inside, outside)
        classifier.fit(train, labels[inside], sample_weight=compute_sample_weight(labels[inside], training))
        found[outside] = _predict(classifier, test)
    return found


def _predict(classifier: ClassifierMixin, documents: Any) -> np.ndarray:
    if hasattr(classifier, "predict_proba"):
        return classifier.predict_proba(documents)
    scores = classifier.decision_function(documents)
    return np.column_stack([-scores, scores]) if scores.ndim == 1 else scores
