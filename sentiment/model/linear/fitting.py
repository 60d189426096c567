"""Fitting, cross-validating and loading the linear models, whichever kind a classifier belongs to."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Protocol

from ..families import Model, OnEpoch
from ..space import Params
from ..splits import IN_MEMORY, stack_labels
from ..training import Features, Training
from ..validation import FOLDS, calibrate_by_sigmoids, cross_validate_folds, report_fit
from .blend import BlendModel, BlendTrainer
from .counted import CLASSIFIERS, CountModel, CountTrainer
from .large_blend import LargeBlendTrainer
from .trainer import Trainer


class LinearModel(Model, Protocol):
    """A model of one kind. Its ``save`` writes a file ``FITTED``, by which its folder is recognized."""

    FITTED: str

    @classmethod
    def load(cls, folder: Path) -> LinearModel: ...


TRAINERS: dict[str, type[Trainer]] = {"blend": BlendTrainer, **dict.fromkeys(CLASSIFIERS, CountTrainer)}
LARGE_TRAINERS: dict[str, type[Trainer]] = {"blend": LargeBlendTrainer}  # for more documents than IN_MEMORY
MODELS: tuple[type[LinearModel], ...] = (BlendModel, CountModel)


def fit_linear(features: Features, params: Params, training: Training, on_epoch: OnEpoch) -> Model:
    """See :meth:`sentiment.model.families.Family.fit`. There are no epochs or batches: it is a single fit."""
    is_large = len(features.labels("train")) > IN_MEMORY
    trainers = TRAINERS | LARGE_TRAINERS if is_large else TRAINERS
    model, probabilities = trainers[params["classifier"]](features, params, training).fit()
    report_fit(features, training, probabilities, on_epoch)
    return model


def cross_validate(features: Features, params: Params, training: Training, folds: int = FOLDS) -> float | None:
    """``training.metric`` in a cross-validation over both splits, which varies less than on the validation split.

    See :func:`sentiment.model.validation.cross_validate_folds`.
    """
    trainer = TRAINERS[params["classifier"]](features, params, training)
    calibrate = calibrate_by_sigmoids if trainer.calibrates else None
    return cross_validate_folds(trainer.fold, *stack_labels(features), training, calibrate, folds)


def refit_linear(features: Features, params: Params, training: Training) -> Model:
    """Fit on training and validation split, from both of which the n-grams are learned, too."""
    with tempfile.TemporaryDirectory() as folder:
        return fit_linear(features.join_splits(Path(folder)), params, training, lambda epoch, figures: None)


def load_linear(folder: Path) -> Model:
    """The model that its ``save`` wrote."""
    return next(model for model in MODELS if (folder / model.FITTED).exists()).load(folder)
