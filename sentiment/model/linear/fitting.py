"""Fitting, cross-validating and loading the linear models of all kinds."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ..families import Model, OnEpoch
from ..folds import IN_MEMORY, stack_labels
from ..space import Params
from ..training import Features, Training
from ..validation import FOLDS, calibrate_by_sigmoids, cross_validate_folds, report_fit
from .blend import BlendModel, BlendTrainer
from .counted import CountModel, CountTrainer
from .large_blend import LargeBlendTrainer
from .trainer import Trainer


def fit_linear(features: Features, params: Params, training: Training, on_epoch: OnEpoch) -> Model:
    """See :meth:`sentiment.model.families.Family.fit`. There are no epochs or batches: it is a single fit."""
    is_large = len(features.labels("train")) > IN_MEMORY
    model, probabilities = _make_trainer(features, params, training, is_large).fit()
    report_fit(features, training, probabilities, on_epoch)
    return model


def cross_validate(features: Features, params: Params, training: Training, folds: int = FOLDS) -> float | None:
    """``training.metric`` in a cross-validation over both splits, which varies less than on the validation split.

    See :func:`sentiment.model.validation.cross_validate_folds`.
    """
    trainer = _make_trainer(features, params, training)
    calibrate = calibrate_by_sigmoids if trainer.calibrates else None
    return cross_validate_folds(trainer.fold, *stack_labels(features), training, calibrate, folds)


def refit_linear(features: Features, params: Params, training: Training) -> Model:
    """Fit, and learn the n-grams, on the training split and the whole validation split."""
    with tempfile.TemporaryDirectory() as folder:
        return fit_linear(features.join_splits(Path(folder)), params, training, lambda epoch, figures: None)


def load_linear(folder: Path) -> Model:
    """The model that its ``save`` wrote."""
    return BlendModel.load(folder) if (folder / BlendModel.FITTED).exists() else CountModel.load(folder)


def _make_trainer(features: Features, params: Params, training: Training, is_large: bool = False) -> Trainer:
    if params["classifier"] != "blend":
        return CountTrainer(features, params, training)
    return (LargeBlendTrainer if is_large else BlendTrainer)(features, params, training)
