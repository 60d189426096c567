"""A network over token ids as a model: training, and saving as its weights, vocabulary and hyperparameters."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from ..families import OnEpoch
from ..space import Params
from ..text.subwords import Subwords
from ..text.vocabulary import PADDING, Vocabulary
from ..training import SEARCH_SPLITS, Features, Training
from . import training_loop
from .adam import FusedAdam
from .family import NetworkFamily
from .layers import ChunkMean
from .prediction import Predictor, calibrate

SETTINGS, WEIGHTS = "network.json", "weights.npz"
RANDOM_SPREAD = 0.05 / math.sqrt(3)  # standard deviation of Keras's random embeddings, uniform from -0.05 to 0.05

# The last trained network, by what its graphs depend on. Tracing them takes longer than a short fit, so the next fit
# reuses them and copies the weights into a new network.
_trained: dict[tuple, keras.Model] = {}


class KerasModel:
    """A Keras network over token ids.

    Args:
        family: builds the network.
        params: its hyperparameters.
        vocabulary: of the token ids.
        max_length: tokens that it reads at once.
        classes: number of classes.
        truncation: which tokens of a longer text it reads (:mod:`sentiment.model.text.truncation`).
        temperature: calibrates its probabilities (:mod:`sentiment.model.calibration`); 1 leaves them unchanged.
        subwords: splits documents into the vocabulary's subwords; None if it has words.
    """

    def __init__(
        self,
        family: NetworkFamily,
        params: Params,
        vocabulary: Vocabulary,
        max_length: int,
        classes: int,
        truncation: str,
        temperature: float = 1.0,
        subwords: Subwords | None = None,
    ) -> None:
        self.params = params
        self.vocabulary = vocabulary
        self.max_length = max_length
        self.classes = classes
        self.truncation = truncation
        self.temperature = temperature
        self.subwords = subwords
        self.encoder = self.network = family.build(params, vocabulary, classes)
        if truncation == "chunks":
            self.network = ChunkMean.wrap(self.encoder, max_length, PADDING)
        self._predictor = Predictor(self.network, PADDING)

    @property
    def raw_text(self) -> bool:
        return self.subwords is not None and self.subwords.raw_text

    def predict_proba(self, documents: list) -> np.ndarray:
        if self.subwords:
            documents = self.subwords.split(documents)
        ids = self.vocabulary.encode(documents, self.max_length, self.truncation)
        return self._predictor.predict_proba(ids, self.temperature)

    def predict_split(self, features: Features, split: str) -> np.ndarray:
        return self._predictor.predict_proba(features.ids(split), self.temperature)

    def save(self, folder: Path) -> None:
        settings = {
            "params": self.params,
            "words": self.vocabulary.words,
            "kinds": self.vocabulary.kinds,
            "max_length": self.max_length,
            "classes": self.classes,
            "truncation": self.truncation,
            "temperature": self.temperature,
        }
        if self.subwords:
            settings["subwords_of_raw_text"] = self.subwords.raw_text
            self.subwords.save(folder)
        (folder / SETTINGS).write_text(json.dumps(settings, ensure_ascii=False), encoding="utf-8")
        np.savez(folder / WEIGHTS, *self.network.get_weights())


def fit_network(
    family: NetworkFamily, features: Features, params: Params, training: Training, on_epoch: OnEpoch
) -> KerasModel:
    """Train a network on the training split; see :meth:`sentiment.model.families.Family.fit`."""
    training_loop.reset(training.seed)
    classes, subwords = len(features.classes), features.subwords

    def build() -> KerasModel:
        vocabulary, truncation = features.vocabulary, features.truncation
        return KerasModel(family, params, vocabulary, features.max_length, classes, truncation, subwords=subwords)

    model = build()
    if training.vectors:
        _set_vectors(model.encoder.get_layer("words"), np.load(training.vectors))
    train, validation = ((features.ids(split), features.labels(split)) for split in SEARCH_SPLITS)
    longest = int(np.count_nonzero(train[0].any(axis=0)))  # columns beyond it are padding in every training text
    train = (train[0][:, :longest], train[1])
    padding = None if family.bag_of_words else PADDING
    same_graphs = {key: value for key, value in params.items() if key != "learning_rate"}
    key = (family.name, features, replace(training, seed=0), tuple(sorted(same_graphs.items())))
    trained = _trained.pop(key, None)
    _trained.clear()  # before another takes its memory
    if trained is None:
        trained = build().network
        training_loop.compile_network(trained, FusedAdam, params, training, len(train[1]))
    training_loop.start_again(trained, model.network, params["learning_rate"])
    training_loop.train(trained, training, train, validation, on_epoch, padding)
    _trained[key] = trained
    model.network.set_weights(trained.get_weights())
    calibrate(model, features, training)
    return model


def load_network(family: NetworkFamily, folder: Path) -> KerasModel:
    """The model that :meth:`KerasModel.save` wrote."""
    settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    vocabulary = Vocabulary(settings.pop("words"), settings.pop("kinds"))
    raw_text = settings.pop("subwords_of_raw_text", None)
    subwords = None if raw_text is None else Subwords.load(folder, raw_text)
    model = KerasModel(family, vocabulary=vocabulary, subwords=subwords, **settings)
    with np.load(folder / WEIGHTS) as weights:
        model.network.set_weights([weights[name] for name in weights.files])
    return model


def _set_vectors(embedding: keras.layers.Embedding, vectors: np.ndarray) -> None:
    """Start embeddings from word vectors, float32 of shape (ids, size).

    Trainable ones are scaled to the standard deviation of random ones. Adam changes any weight by about the learning
    rate: vectors as large as GloVe's would hardly change (docs/explanation/defaults.md).
    """
    if embedding.trainable:
        vectors = vectors * (RANDOM_SPREAD / vectors.std())
    embedding.set_weights([vectors])
