"""Fitting, cross-validating and loading the linear models, whichever kind a classifier belongs to."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from scipy.special import expit, softmax
from sklearn.base import ClassifierMixin
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

from ..calibration import fit_temperature, scale_temperature
from ..families import Model, OnEpoch
from ..space import Params
from ..training import Features, Training, compute_sample_weight
from .blend import BlendModel, BlendTrainer
from .counted import CLASSIFIERS, CountModel, CountTrainer
from .splits import SPLITS

FOLDS = 3
MAX_DOCUMENTS = 50_000  # to cross-validate with; of more, the validation split alone is large enough to choose by


class LinearModel(Model, Protocol):
    """A model of one kind. Its ``save`` writes a file ``FITTED``, by which its folder is recognized."""

    FITTED: str

    @classmethod
    def load(cls, folder: Path) -> LinearModel: ...


class Trainer(Protocol):
    """Fits one kind of linear model with some hyperparameters on some features."""

    def __init__(self, features: Features, params: Params, training: Training) -> None: ...

    def fit(self) -> tuple[Any, dict[str, np.ndarray]]:
        """The model fitted on the training split, and its probabilities for training and validation split."""

    def fold(self, inside: np.ndarray, outside: np.ndarray) -> tuple[ClassifierMixin, Any, Any]:
        """An unfitted classifier and its inputs for one fold of a cross-validation.

        Everything that is learned from documents, such as which n-grams are used, is learned from ``inside`` alone.

        Args:
            inside: rows to fit on, out of training and validation split together.
            outside: rows to predict.
        """


TRAINERS: dict[str, type[Trainer]] = {"blend": BlendTrainer, **dict.fromkeys(CLASSIFIERS, CountTrainer)}
MODELS: tuple[type[LinearModel], ...] = (BlendModel, CountModel)


def fit_linear(features: Features, params: Params, training: Training, on_epoch: OnEpoch) -> Model:
    """See :meth:`sentiment.model.families.Family.fit`. There are no epochs or batches: it is a single fit."""
    model, probabilities = TRAINERS[params["classifier"]](features, params, training).fit()
    figures: dict[str, float] = {}
    for prefix, split in zip(("", "val_"), SPLITS):
        labels = features.labels(split)
        figures[f"{prefix}accuracy"] = float(np.mean(probabilities[split].argmax(axis=1) == labels))
        figures[f"{prefix}loss"] = float(log_loss(labels, probabilities[split], labels=range(len(features.classes))))
    metric = training.metric
    figures.setdefault(f"val_{metric.name}", metric.function(labels, probabilities["validation"]))
    on_epoch(1, figures)
    return model


def cross_validate(features: Features, params: Params, training: Training, folds: int = FOLDS) -> float | None:
    """``training.metric`` in a cross-validation over both splits, which varies less than on the validation split.

    An SVM has no probabilities in a fold; they are the sigmoid or softmax of its scores, with one temperature for all
    folds, which does not change the order of the classes.

    Returns:
        The value of the metric. None if there are more than ``MAX_DOCUMENTS`` documents, or if a class has a single
        document.
    """
    labels = np.concatenate([features.labels(split) for split in SPLITS])
    folds = int(min(folds, np.bincount(labels).min()))
    if len(labels) > MAX_DOCUMENTS or folds < 2:
        return None
    trainer = TRAINERS[params["classifier"]](features, params, training)
    probabilities = np.zeros((len(labels), len(features.classes)))
    for inside, outside in StratifiedKFold(folds, shuffle=True, random_state=training.seed).split(labels, labels):
        classifier, train, test = trainer.fold(inside, outside)
        classifier.fit(train, labels[inside], sample_weight=compute_sample_weight(labels[inside], training))
        probabilities[outside] = _predict_proba(classifier, test)
    temperature = fit_temperature(probabilities, labels, compute_sample_weight(labels, training))
    return training.metric.function(labels, scale_temperature(probabilities, temperature))


def _predict_proba(classifier: ClassifierMixin, documents: Any) -> np.ndarray:
    """Probabilities of shape (documents, classes), of a classifier that may have scores alone."""
    if hasattr(classifier, "predict_proba"):
        return classifier.predict_proba(documents)
    found = classifier.decision_function(documents)
    return np.column_stack([expit(-found), expit(found)]) if found.ndim == 1 else softmax(found, axis=1)


def refit_linear(features: Features, params: Params, training: Training) -> Model:
    """Fit on training and validation split, from both of which the n-grams are learned, too."""
    with tempfile.TemporaryDirectory() as folder:
        return fit_linear(features.join_splits(Path(folder)), params, training, lambda epoch, figures: None)


def load_linear(folder: Path) -> Model:
    """The model that its ``save`` wrote."""
    return next(model for model in MODELS if (folder / model.FITTED).exists()).load(folder)
