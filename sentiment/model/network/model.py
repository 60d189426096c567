"""What the families of networks over words share: training, and a model that is saved as its weights and its point."""

import importlib
import json
from dataclasses import replace

import numpy as np
import tensorflow as tf

from ..text.vocabulary import PADDING, Vocabulary
from . import training_loop
from .adam import FusedAdam
from .ensemble import Ensemble
from .layers import ChunkMean

SPLITS = ("train", "validation")


def start():
    """Let TensorFlow look for its devices, which it otherwise does at the first operation, and say errors alone."""
    tf.get_logger().setLevel("ERROR")
    tf.config.list_logical_devices()


def fit(family, features, point, training, on_epoch):
    """Train the network of a family, whose module has ``build``; see :mod:`sentiment.model.families` and :func:`training_loop.fit`.

    Returns:
        A :class:`KerasModel`.
    """
    train, validation = ((features.ids(split), features.labels(split)) for split in SPLITS)
    model = _trained(family, features, point, training, train, validation, on_epoch)
    training_loop.calibrate(model, features, training)
    return model


def refit(family, features, point, training, model):
    """The networks of a model once more, on training and validation split; see :mod:`sentiment.model.families`.

    Nothing is left to choose an epoch by: the weights are those of the last one. The temperatures are those of the model
    that has not seen the validation split.

    Returns:
        A :class:`KerasModel`, or an :class:`sentiment.model.network.ensemble.Ensemble`.
    """
    parts = [features.ids(split) for split in SPLITS]
    width = max(ids.shape[1] for ids in parts)  # they differ in their chunks
    ids = np.concatenate([np.pad(ids, ((0, 0), (0, width - ids.shape[1])), constant_values=PADDING) for ids in parts])
    both = ids, np.concatenate([features.labels(split) for split in SPLITS])
    members = getattr(model, "members", [model])
    again = []
    for number, member in enumerate(members):
        print(f"tune {family}: on training and validation split, {number + 1} of {len(members)}", flush=True)
        of_its_own = replace(training, seed=training.seed + number)
        again.append(_trained(family, features, point, of_its_own, both))
        again[-1].temperature = member.temperature
    return Ensemble(again, model.temperature) if len(again) > 1 else again[0]


def _trained(family, features, point, training, train, validation=None, on_epoch=None):
    """The model of a network that has been trained; train and validation are tuples of ids and labels."""
    training_loop.begin(training.seed)
    longest = int(np.count_nonzero(train[0].any(axis=0)))  # columns beyond it are padding in every text
    length = min(longest, features.max_length)
    model = KerasModel(family, point, features.vocabulary, length, len(features.classes), features.truncation)
    if training.vectors:
        model.encoder.get_layer("words").set_weights([np.load(training.vectors)])
    train, validation = (split and (split[0][:, :longest], split[1]) for split in (train, validation))
    padding = None if model.bag_of_words else PADDING
    training_loop.fit(model.network, FusedAdam, point, training, train, validation, on_epoch, padding)
    return model


def load(folder):
    """The model that :meth:`KerasModel.save` wrote."""
    settings = json.loads((folder / "network.json").read_text(encoding="utf-8"))
    vocabulary = Vocabulary(settings.pop("words"))
    model = KerasModel(vocabulary=vocabulary, **settings)
    with np.load(folder / "weights.npz") as weights:
        model.network.set_weights([weights[name] for name in weights.files])
    return model


class KerasModel:
    """A Keras network over token ids.

    Args:
        family: name of the family that builds the network.
        point: dict of its hyperparameters.
        vocabulary: the :class:`Vocabulary` of its token ids.
        max_length: tokens that it reads at once.
        classes: number of classes.
        truncation: what it reads of a longer text (:mod:`sentiment.model.text.truncation`).
        temperature: what calibrates its probabilities (:mod:`sentiment.model.calibration`); 1 leaves them as they are.
    """

    def __init__(self, family, point, vocabulary, max_length, classes, truncation, temperature=1.0):
        self.family = family
        self.point = point
        self.vocabulary = vocabulary
        self.max_length = max_length
        self.classes = classes
        self.truncation = truncation
        self.temperature = temperature
        module = importlib.import_module(f"..families.{family}", __package__)
        self.bag_of_words = getattr(module, "BAG_OF_WORDS", False)
        self.encoder = self.network = module.build(point, len(vocabulary), classes)
        if truncation == "chunks":
            self.network = ChunkMean.over(self.encoder, max_length, PADDING)
        self._predictor = training_loop.Predictor(self.network, PADDING)

    def predict_proba(self, documents):
        ids = self.vocabulary.encode(documents, self.max_length, self.truncation)
        return self._predictor.probabilities(ids, self.temperature)

    def predict_split(self, features, split):
        ids = features.ids(split)
        if self.truncation != "chunks":
            ids = ids[:, : self.max_length]
        return self._predictor.probabilities(ids, self.temperature)

    def save(self, folder):
        settings = {
            "family": self.family,
            "point": self.point,
            "words": self.vocabulary.words,
            "max_length": self.max_length,
            "classes": self.classes,
            "truncation": self.truncation,
            "temperature": self.temperature,
        }
        (folder / "network.json").write_text(json.dumps(settings, ensure_ascii=False), encoding="utf-8")
        np.savez(folder / "weights.npz", *self.network.get_weights())
