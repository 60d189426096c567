"""A pretrained encoder (Devlin et al. 2019 and after), fine-tuned: it reads raw text, with the tokenizer it was trained with."""

import json

import keras
import numpy as np
from keras import Input, Model, layers, ops

from ..network import training_loop
from ..network.checkpoints import load_checkpoint
from ..network.layers import ChunkMean, MaskedMean
from ..text.truncation import columns, truncated

CHECKPOINT = "checkpoint"  # folder in a saved model


def fit(features, point, training, on_epoch):
    """Fine-tune the encoder ``training.pretrained``; see :mod:`sentiment.model.families` and :func:`training_loop.fit`.

    Returns:
        A :class:`FineTuned`.
    """
    training_loop.begin(training.seed)
    checkpoint = load_checkpoint(training.pretrained)
    model = FineTuned(*checkpoint, point, len(features.classes), features.max_length, features.truncation)
    train, validation = (
        (model.encode(features.texts(split)), np.array(features.labels(split))) for split in ("train", "validation")
    )
    training_loop.fit(model.network, keras.optimizers.AdamW, point, training, train, validation, on_epoch)
    training_loop.calibrate(model, features, training)
    return model


def load(folder):
    """The model that :meth:`FineTuned.save` wrote."""
    settings = json.loads((folder / "finetuned.json").read_text(encoding="utf-8"))
    model = FineTuned(*load_checkpoint(str(folder / CHECKPOINT)), **settings)
    with np.load(folder / "head.npz") as weights:
        model.head.set_weights([weights[name] for name in weights.files])
    return model


class FineTuned:
    """An encoder with a softmax over the mean of its states.

    Args:
        encoder: a ``keras_hub.models.Backbone``.
        tokenizer: its ``keras_hub.tokenizers.Tokenizer``.
        point: dict of hyperparameters.
        classes: number of classes.
        max_length: word pieces that it reads at once, those that mark start and end included.
        truncation: what it reads of a longer text (:mod:`sentiment.model.text.truncation`).
        temperature: what calibrates its probabilities (:mod:`sentiment.model.calibration`).
    """

    raw_text = True

    def __init__(self, encoder, tokenizer, point, classes, max_length, truncation, temperature=1.0):
        self.encoder = encoder
        self.tokenizer = tokenizer
        self.point = point
        self.classes = classes
        self.max_length = min(max_length, getattr(encoder, "max_sequence_length", None) or max_length)
        self.truncation = truncation
        self.temperature = temperature
        self._marks = [
            next(getattr(tokenizer, name) for name in names if getattr(tokenizer, name, None) is not None)
            for names in (("cls_token_id", "start_token_id"), ("sep_token_id", "end_token_id"))
        ]
        self._padding = tokenizer.pad_token_id
        self.head = layers.Dense(classes, activation="softmax")
        self.network = self._build()
        if truncation == "chunks":
            self.network = ChunkMean.over(self.network, self.max_length, self._padding)
        self._predictor = training_loop.Predictor(self.network, self._padding)

    def encode(self, texts):
        """Ids padded to the longest text's, int32 of shape (texts, up to max_length, or that of several chunks), with marks."""
        room = self.max_length - len(self._marks)
        start, end = self._marks
        encoded = []
        for pieces in self.tokenizer(texts) if texts else []:
            kept = truncated(pieces, room, self.truncation)
            chunks = [kept[place : place + room] for place in range(0, max(len(kept), 1), room)]
            encoded.append([mark for chunk in chunks for mark in (start, *chunk, end)])
        lengths = [len(marked) for marked in encoded]
        width = min(columns(lengths, self.max_length, self.truncation), max(lengths, default=1))
        ids = np.full((len(encoded), width), self._padding, dtype=np.int32)
        for row, marked in enumerate(encoded):
            ids[row, : len(marked)] = marked
        return ids

    def predict_proba(self, texts):
        return self._predictor.probabilities(self.encode(texts), self.temperature)

    def predict_split(self, features, split):
        return self.predict_proba(features.texts(split))

    def save(self, folder):
        settings = {
            "point": self.point,
            "classes": self.classes,
            "max_length": self.max_length,
            "truncation": self.truncation,
            "temperature": self.temperature,
        }
        (folder / "finetuned.json").write_text(json.dumps(settings), encoding="utf-8")
        np.savez(folder / "head.npz", *self.head.get_weights())
        for part in (self.encoder, self.tokenizer):
            part.save_to_preset(str(folder / CHECKPOINT))

    def _build(self):
        output = self.encoder.output
        # Without what the encoder has beyond the states, a pooler for instance, which nothing would train.
        states = Model(self.encoder.input, output["sequence_output"] if isinstance(output, dict) else output)
        ids = Input((None,), dtype="int32")
        mask = ops.not_equal(ids, self._padding)
        inputs = {"token_ids": ids, "padding_mask": ops.cast(mask, "int32")}
        if "segment_ids" in self.encoder.input:
            inputs["segment_ids"] = ops.zeros_like(ids)
        text = layers.Dropout(self.point["dropout"])(MaskedMean()(states(inputs), mask))
        return Model(ids, self.head(text))
