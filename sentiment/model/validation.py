"""How models that are fitted in one go are validated: on the splits, and in a cross-validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.special import expit, softmax
from sklearn.base import ClassifierMixin
from sklearn.metrics import log_loss

from .calibration import fit_temperature, scale_temperature
from .families import OnEpoch
from .splits import count_folds, split_folds
from .training import Features, Training, accuracy, compute_sample_weight

FOLDS = 3
MAX_DOCUMENTS = 50_000  # to cross-validate with; of more, the validation split alone is large enough to choose by

# An unfitted classifier and its inputs, for the rows to fit on and for those to predict.
Fold = Callable[[np.ndarray, np.ndarray], tuple[ClassifierMixin, Any, Any]]


def report_fit(
    features: Features, training: Training, probabilities: Mapping[str, np.ndarray], on_epoch: OnEpoch
) -> None:
    """Report the figures of a single fit; see :meth:`sentiment.model.families.Family.fit`.

    Args:
        features: the corpus.
        training: its ``metric`` is among the figures.
        probabilities: of training and validation split, float64 of shape (documents, classes).
        on_epoch: gets the figures, as those of epoch 1.
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
    fold: Fold, labels: np.ndarray, groups: np.ndarray | None, training: Training, calibrated: bool, most: int = FOLDS
) -> float | None:
    """``training.metric`` in a cross-validation.

    An SVM has no probabilities in a fold; they are the sigmoid or softmax of its scores. Those of a model that is
    calibrated get one temperature for all folds, which does not change the order of the classes.

    Args:
        fold: makes the classifier of a fold and its inputs.
        labels: of all documents, int array of shape (documents,).
        groups: of documents that share a fold, as near-duplicates do, of the same shape; None where each is its own.
        training: its ``metric``, ``seed`` and ``class_weight`` are used.
        calibrated: whether the model that is fitted is calibrated.
        most: folds; there are fewer where a class is so rare.

    Returns:
        The value of the metric. None if there are more than ``MAX_DOCUMENTS`` documents, or if a class has a single
        document.
    """
    folds = count_folds(labels, groups, most)
    if len(labels) > MAX_DOCUMENTS or folds < 2:
        return None
    probabilities = predict_folds(fold, labels, groups, training, folds)
    if calibrated:
        temperature = fit_temperature(probabilities, labels, compute_sample_weight(labels, training))
        probabilities = scale_temperature(probabilities, temperature)
    return training.metric.function(labels, probabilities)


def predict_folds(
    fold: Fold, labels: np.ndarray, groups: np.ndarray | None, training: Training, folds: int
) -> np.ndarray:
    """Probabilities of documents by classifiers that have not seen them: float64 of shape (documents, classes)."""
    probabilities = np.zeros((len(labels), labels.max() + 1))
    for inside, outside in split_folds(labels, groups, folds, training.seed):
        classifier, train, test = fold(inside, outside)
        classifier.fit(train, labels[inside], sample_weight=compute_sample_weight(labels[inside], training))
        probabilities[outside] = _predict_proba(classifier, test)
    return probabilities


def _predict_proba(classifier: ClassifierMixin, documents: Any) -> np.ndarray:
    """Probabilities of shape (documents, classes), of a classifier that may have scores alone."""
    if hasattr(classifier, "predict_proba"):
        return classifier.predict_proba(documents)
    found = classifier.decision_function(documents)
    return np.column_stack([expit(-found), expit(found)]) if found.ndim == 1 else softmax(found, axis=1)
