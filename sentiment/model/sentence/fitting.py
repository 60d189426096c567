"""Fitting and cross-validating the head of a frozen sentence encoder."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from ..calibration import fit_temperature
from ..families import OnEpoch
from ..folds import CALIBRATION_FOLDS, count_folds, stack_labels
from ..space import Params
from ..training import REFIT_SPLITS, SEARCH_SPLITS, Features, Training, compute_sample_weight
from ..validation import calibrate_by_temperature, cross_validate_folds, predict_folds, report_fit
from .encoder import SentenceEncoder
from .model import EncoderModel, Head

_load_encoder = lru_cache(maxsize=1)(SentenceEncoder)  # all trials of a search use it


def encoder_of(features: Features, training: Training) -> SentenceEncoder:
    """The encoder ``training.pretrained``, which reads as much of a text as the features say."""
    return _load_encoder(training.pretrained, features.max_pieces, features.truncation)


def fit_encoder_model(features: Features, params: Params, training: Training, on_epoch: OnEpoch) -> EncoderModel:
    """See :meth:`sentiment.model.families.Family.fit`. It is a single fit, on the training split."""
    encoder = encoder_of(features, training)
    model = EncoderModel(encoder, fit_head(*stack_embeddings(encoder, features, ("train",)), params, training))
    report_fit(features, training, {split: model.predict_split(features, split) for split in SEARCH_SPLITS}, on_epoch)
    return model


def refit_encoder_model(features: Features, params: Params, training: Training) -> EncoderModel:
    """Fit on training and validation split."""
    encoder = encoder_of(features, training)
    return EncoderModel(encoder, fit_head(*stack_embeddings(encoder, features, REFIT_SPLITS), params, training))


def cross_validate(features: Features, params: Params, training: Training) -> float | None:
    """``training.metric`` in a cross-validation over training and validation split (:func:`cross_validate_folds`)."""
    embeddings, labels, groups = stack_embeddings(encoder_of(features, training), features, SEARCH_SPLITS)
    return cross_validate_folds(partial(_fold, embeddings, params), labels, groups, training, calibrate_by_temperature)


def fit_head(
    embeddings: np.ndarray, labels: np.ndarray, groups: np.ndarray | None, params: Params, training: Training
) -> Head:
    """A logistic regression with a temperature, which is fitted to cross-validated predictions for the same texts.

    Args:
        embeddings: float32 of shape (documents, size).
        labels: int32 of shape (documents,), of two or more classes from 0 on.
        groups: of documents that share a fold, of the same shape; None if each is its own.
        params: ``C`` is used, the inverse strength of regularization.
        training: its ``seed`` and ``class_weight`` are used.
    """
    weight = compute_sample_weight(labels, training)
    fold, count = partial(_fold, embeddings, params), count_folds(labels, groups, CALIBRATION_FOLDS)
    temperature = 1.0
    if count > 1:  # else a class has a single text
        temperature = fit_temperature(predict_folds(fold, labels, groups, training, count), labels, weight)
    everything = np.arange(len(labels))
    classifier, scaled, _ = fold(everything, everything)
    classifier.fit(scaled, labels, sample_weight=weight)
    weights, bias = classifier.coef_.T / spread_of(embeddings), classifier.intercept_
    if len(bias) == 1:  # two classes: scikit-learn has only the scores of the second one
        weights, bias = np.hstack([np.zeros_like(weights), weights]), np.array([0.0, bias[0]])
    return Head(weights, bias, temperature)


def _fold(
    embeddings: np.ndarray, params: Params, inside: np.ndarray, outside: np.ndarray
) -> tuple[LogisticRegression, Any, Any]:
    """The classifier of a fold, and its inputs (:data:`sentiment.model.validation.Fold`)."""
    train, test = embeddings[inside], embeddings[outside]
    spread = spread_of(train)
    return LogisticRegression(C=params["C"], max_iter=1000), train / spread, test / spread


def spread_of(embeddings: np.ndarray) -> float:
    """The root mean square distance of embeddings from their mean, by which they are divided.

    So ``C`` means the same whether or not an encoder's embeddings have length 1 or lie close together.
    """
    return float(np.sqrt(embeddings.var(axis=0, dtype=np.float64).sum())) or 1.0


def stack_embeddings(
    encoder: SentenceEncoder, features: Features, splits: Sequence[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """The embeddings, labels and groups (:meth:`Features.groups`) of some splits, one after the other."""
    embeddings = np.concatenate([encoder.embed_split(features, split) for split in splits])
    return embeddings, *stack_labels(features, splits)
