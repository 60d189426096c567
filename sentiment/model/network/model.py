"""A network over token ids as a model: training, and saving as its weights, vocabulary and hyperparameters."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..families import Model, OnEpoch
from ..space import Params
from ..text.subwords import Subwords
from ..text.vocabulary import PADDING, Vocabulary
from ..training import LABELLED, Features, Training
from . import training_loop
from .adam import FusedAdam
from .ensemble import Ensemble
from .family import NetworkFamily
from .layers import ChunkMean
from .prediction import Predictor, calibrate

SPLITS = ("train", "validation")
SETTINGS, WEIGHTS = "network.json", "weights.npz"

# By how much the mean confidence on the training split may change in a fit on both splits. It changed by 0.05 at most
# in 27 fits (dense, lstm, transformer; three corpora of short texts, three seeds), and by 0.14 to 0.18 where a network
# was trained for three or four epochs beyond its best one.
MAX_CONFIDENCE_CHANGE = 0.1

Split = tuple[np.ndarray, ...]


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
        best_epoch: the epoch that its weights are of, from 1; 0 if it is untrained.
        subwords: splits documents into what the vocabulary is of; None where that is words.
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
        best_epoch: int = 0,
        subwords: Subwords | None = None,
    ) -> None:
        self.params = params
        self.vocabulary = vocabulary
        self.max_length = max_length
        self.classes = classes
        self.truncation = truncation
        self.temperature = temperature
        self.best_epoch = best_epoch
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
        ids = features.ids(split)
        if self.truncation != "chunks":
            ids = ids[:, : self.max_length]
        return self._predictor.predict_proba(ids, self.temperature)

    def save(self, folder: Path) -> None:
        settings = {
            "params": self.params,
            "words": self.vocabulary.words,
            "kinds": self.vocabulary.kinds,
            "max_length": self.max_length,
            "classes": self.classes,
            "truncation": self.truncation,
            "temperature": self.temperature,
            "best_epoch": self.best_epoch,
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
    train, validation = ((features.ids(split), features.labels(split)) for split in SPLITS)
    model = _train(family, features, params, training, train, validation, on_epoch)
    calibrate(model, features, training)
    return model


def refit_networks(
    family: NetworkFamily, features: Features, params: Params, training: Training, model: Any
) -> Model | None:
    """Train the network, or the networks of an ensemble, again on training and validation split.

    No data is left to choose an epoch or fit a temperature by. So each network is fitted like the one that has not seen
    the validation split: with the same schedule of the learning rate, up to the epoch that was its best. Then its
    temperature holds for both of them.

    Args:
        family, features, params, training: as for :func:`fit_network`.
        model: a :class:`KerasModel` or an :class:`Ensemble` of them.

    Returns:
        The new model; None if its confidence on the training split, which both have seen, is far from that of
        ``model``, so that the temperature does not hold for it.
    """
    parts = [features.ids(split) for split in LABELLED]
    width = max(ids.shape[1] for ids in parts)  # with truncation=chunks the splits differ in width
    ids = np.concatenate([np.pad(ids, ((0, 0), (0, width - ids.shape[1])), constant_values=PADDING) for ids in parts])
    both = ids, np.concatenate([features.labels(split) for split in LABELLED])
    members: Sequence[Any] = model.members if isinstance(model, Ensemble) else [model]
    refitted: list[Any] = []
    for number, member in enumerate(members):
        print(f"tune {family.name}: on training and validation split, {number + 1} of {len(members)}", flush=True)
        with_its_seed = replace(training, seed=training.seed + number)
        refitted.append(_train(family, features, params, with_its_seed, both, last_epoch=member.best_epoch))
        refitted[-1].temperature = member.temperature
    again = Ensemble(refitted, model.temperature) if len(refitted) > 1 else refitted[0]
    before, after = (float(one.predict_split(features, "train").max(axis=1).mean()) for one in (model, again))
    if abs(after - before) <= MAX_CONFIDENCE_CHANGE:
        return again
    print(
        f"tune {family.name}: fitted on both splits its mean confidence is {after:.2f} instead of {before:.2f}: "
        "the model of the training split is kept",
        flush=True,
    )
    return None


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


def _train(
    family: NetworkFamily,
    features: Features,
    params: Params,
    training: Training,
    train: Split,
    validation: Split | None = None,
    on_epoch: OnEpoch | None = None,
    last_epoch: int | None = None,
) -> KerasModel:
    training_loop.reset(training.seed)
    longest = int(np.count_nonzero(train[0].any(axis=0)))  # columns beyond it are padding in every text
    length = min(longest, features.max_length)
    classes, subwords = len(features.classes), features.subwords
    model = KerasModel(family, params, features.vocabulary, length, classes, features.truncation, subwords=subwords)
    if training.vectors:
        model.encoder.get_layer("words").set_weights([np.load(training.vectors)])
    train = train[0][:, :longest], train[1]
    if validation is not None:
        validation = validation[0][:, :longest], validation[1]
    padding = None if family.bag_of_words else PADDING
    model.best_epoch = training_loop.train(
        model.network, FusedAdam, params, training, train, validation, on_epoch, padding, last_epoch
    )
    return model
