"""A pretrained encoder as a classifier: fine-tuning, and saving as its checkpoint and the weights of its head."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import Input, layers, ops

from ..families import OnEpoch
from ..space import Params
from ..training import Features, Training
from . import training_loop
from .checkpoints import load_checkpoint
from .layers import ChunkMean, MaskedMean
from .pieces import PieceReader, make_inputs
from .prediction import Predictor, calibrate

SETTINGS, HEAD, CHECKPOINT = "finetuned.json", "head.npz", "checkpoint"


class FinetunedEncoder:
    """An encoder with a softmax over the mean of its states.

    Args:
        encoder: a ``keras_hub.models.Backbone``.
        tokenizer: its ``keras_hub.tokenizers.Tokenizer``.
        params: hyperparameters.
        classes: number of classes.
        max_length: word pieces that it reads at once, including those that mark start and end.
        truncation: which pieces of a longer text it reads (:mod:`sentiment.model.text.truncation`).
        temperature: calibrates its probabilities (:mod:`sentiment.model.calibration`); 1 leaves them unchanged.
    """

    raw_text = True

    def __init__(
        self,
        encoder: Any,
        tokenizer: Any,
        params: Params,
        classes: int,
        max_length: int,
        truncation: str,
        temperature: float = 1.0,
    ) -> None:
        self.encoder = encoder
        self.tokenizer = tokenizer
        self.params = params
        self.classes = classes
        max_length = min(max_length, getattr(encoder, "max_sequence_length", None) or max_length)
        self.reader = PieceReader(tokenizer, max_length, truncation, max_length)
        self.temperature = temperature
        self.head = layers.Dense(classes, activation="softmax")
        self.network = self._build()
        if truncation == "chunks":
            self.network = ChunkMean.wrap(self.network, max_length, self.reader.padding)
        self._predictor = Predictor(self.network, self.reader.padding)

    def predict_proba(self, documents: list) -> np.ndarray:
        return self._predictor.predict_proba(self.reader.encode(documents), self.temperature)

    def predict_split(self, features: Features, split: str) -> np.ndarray:
        return self.predict_proba(features.texts(split))

    def save(self, folder: Path) -> None:
        settings = {
            "params": self.params,
            "classes": self.classes,
            "max_length": self.reader.max_length,
            "truncation": self.reader.truncation,
            "temperature": self.temperature,
        }
        (folder / SETTINGS).write_text(json.dumps(settings), encoding="utf-8")
        np.savez(folder / HEAD, *self.head.get_weights())
        for part in (self.encoder, self.tokenizer):
            part.save_to_preset(str(folder / CHECKPOINT))

    def _build(self) -> keras.Model:
        output = self.encoder.output
        # Anything else that the encoder computes, such as a pooled output, is left out: nothing would train it.
        states = keras.Model(self.encoder.input, output["sequence_output"] if isinstance(output, dict) else output)
        ids = Input((None,), dtype="int32")
        mask = ops.not_equal(ids, self.reader.padding)
        inputs = make_inputs(self.encoder, ids, self.reader.padding)
        text = layers.Dropout(self.params["dropout"])(MaskedMean()(states(inputs), mask))
        return keras.Model(ids, self.head(text))


def fit_finetuned(features: Features, params: Params, training: Training, on_epoch: OnEpoch) -> FinetunedEncoder:
    """Fine-tune the encoder ``training.pretrained``; see :meth:`sentiment.model.families.Family.fit`."""
    training_loop.reset(training.seed)
    checkpoint = load_checkpoint(training.pretrained)
    model = FinetunedEncoder(*checkpoint, params, len(features.classes), features.max_pieces, features.truncation)
    encode = model.reader.encode
    train, validation = (
        (encode(features.texts(split)), np.array(features.labels(split))) for split in ("train", "validation")
    )
    training_loop.compile_network(model.network, keras.optimizers.AdamW, params, training, len(train[1]))
    training_loop.train(model.network, training, train, validation, on_epoch, model.reader.padding)
    calibrate(model, features, training)
    return model


def load_finetuned(folder: Path) -> FinetunedEncoder:
    """The model that :meth:`FinetunedEncoder.save` wrote."""
    settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    model = FinetunedEncoder(*load_checkpoint(str(folder / CHECKPOINT)), **settings)
    with np.load(folder / HEAD) as weights:
        model.head.set_weights([weights[name] for name in weights.files])
    return model
