"""Prediction with networks, and calibration of their probabilities."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from ..calibration import fit_temperature, scale_temperature
from ..training import Features, Training, compute_sample_weight

PREDICT_BATCH = 64


class Predictor:
    """Runs a network in batches of texts of similar length, to avoid padding.

    Args:
        network: from token ids to a vector for each text, such as its probabilities.
        padding: the id that pads texts at their end.
    """

    def __init__(self, network: keras.Model, padding: int) -> None:
        self._padding = padding
        self._size = network.output_shape[-1]
        self._forward = tf.function(
            lambda ids: network(ids, training=False),
            input_signature=[tf.TensorSpec((None, None), tf.int32)],
        )

    def predict(self, ids: np.ndarray, on_batch: Callable[[int], None] | None = None) -> np.ndarray:
        """The network's output: float64 of shape (documents, size) for int32 ids of shape (documents, length).

        Args:
            ids: token ids.
            on_batch: called after each batch with the number of documents so far.
        """
        lengths = np.count_nonzero(ids != self._padding, axis=1)
        order = np.argsort(lengths, kind="stable")
        result = np.empty((len(ids), self._size))
        for start in range(0, len(ids), PREDICT_BATCH):
            rows = order[start : start + PREDICT_BATCH]
            result[rows] = self._forward(ids[rows, : max(lengths[rows[-1]], 1)])
            if on_batch:
                on_batch(start + len(rows))
        return result

    def predict_proba(self, ids: np.ndarray, temperature: float) -> np.ndarray:
        """The same for a network with probabilities, of shape (documents, classes), scaled by a temperature."""
        return scale_temperature(self.predict(ids), temperature)


class Calibratable(Protocol):
    """A model whose probabilities depend on a temperature, which is 1 until it is fitted."""

    temperature: float

    def predict_split(self, features: Features, split: str) -> Any: ...


def calibrate(
    model: Calibratable, features: Features, training: Training, splits: Sequence[str] = ("validation",)
) -> None:
    """Fit the temperature of a trained model on some splits."""
    labels = np.concatenate([features.labels(split) for split in splits])
    probabilities = np.concatenate([model.predict_split(features, split) for split in splits])
    model.temperature = fit_temperature(probabilities, labels, compute_sample_weight(labels, training))


def calibrate_again(model: Any, features: Features, training: Training) -> Any:
    """A copy of a model, calibrated on both halves of the validation split.

    No epoch was selected on the half that families are compared on: the model's accuracy there is unbiased, as on
    other texts.
    """
    again = copy.copy(model)
    again.temperature = 1.0
    calibrate(again, features, training, ("validation", "choice"))
    return again
