"""A linear classifier over the embeddings of a frozen sentence encoder, saved with the encoder's checkpoint."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.special import softmax

from ..calibration import scale_temperature
from ..training import Features
from .encoder import SentenceEncoder

SETTINGS, HEAD, CHECKPOINT = "encoder.json", "head.npz", "checkpoint"


@dataclass(frozen=True)
class Head:
    """A softmax over embeddings.

    Args:
        weights: float64 of shape (size, classes).
        bias: float64 of shape (classes,).
        temperature: calibrates its probabilities (:mod:`sentiment.model.calibration`).
    """

    weights: np.ndarray
    bias: np.ndarray
    temperature: float

    def predict_proba(self, embeddings: np.ndarray) -> np.ndarray:
        """Probabilities, float64 of shape (texts, classes), for embeddings of shape (texts, size)."""
        return scale_temperature(softmax(embeddings @ self.weights + self.bias, axis=1), self.temperature)


class EncoderModel:
    """A sentence encoder and a head."""

    raw_text = True

    def __init__(self, encoder: SentenceEncoder, head: Head) -> None:
        self.encoder = encoder
        self.head = head

    def predict_proba(self, documents: list) -> np.ndarray:
        return self.head.predict_proba(self.encoder.embed(documents))

    def predict_split(self, features: Features, split: str) -> np.ndarray:
        return self.head.predict_proba(self.encoder.embed_split(features, split))

    def save(self, folder: Path) -> None:
        reader = self.encoder.reader
        settings = {"max_length": reader.max_length, "truncation": reader.truncation}
        (folder / SETTINGS).write_text(json.dumps(settings), encoding="utf-8")
        np.savez(folder / HEAD, weights=self.head.weights, bias=self.head.bias, temperature=self.head.temperature)
        self.encoder.save(folder / CHECKPOINT)


def load_encoder_model(folder: Path) -> EncoderModel:
    """The model that :meth:`EncoderModel.save` wrote."""
    settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    with np.load(folder / HEAD) as arrays:
        head = Head(arrays["weights"], arrays["bias"], float(arrays["temperature"]))
    return EncoderModel(SentenceEncoder(str(folder / CHECKPOINT), **settings), head)
