"""A family of Keras networks over token ids: its module gives the search space and builds the untrained network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..families import Model, OnEpoch
from ..space import Params, Space
from .keras_family import KerasFamily

if TYPE_CHECKING:
    import keras

    from ..text.vocabulary import Vocabulary
    from ..training import Features, Training


class NetworkFamily(KerasFamily):
    """A family of networks that read the ids of a vocabulary's words.

    Args:
        name: the family's name.
        space: its search space.
        defaults: a value for each hyperparameter of the space.
        build: function of the hyperparameters, the vocabulary and the number of classes that gives the untrained
            network, from int32 token ids of shape (batch, length) to probabilities of shape (batch, classes).
        bag_of_words: whether the network only counts words, so that padding costs it nothing and texts need not be
            batched by length.
        starts: further points that a search starts from; see :class:`Family`.
    """

    # A second network is worth more than a fit on both splits, which leaves nothing to calibrate it on
    # (docs/explanation/defaults.md).
    default_members = 2

    def __init__(
        self,
        name: str,
        space: Space,
        defaults: Params,
        build: Callable[[Params, Vocabulary, int], keras.Model],
        bag_of_words: bool = False,
        starts: tuple[Params, ...] = (),
    ) -> None:
        self.name = name
        self.space = space
        self.defaults = defaults
        self.build = build
        self.bag_of_words = bag_of_words
        self.starts = starts

    def search_space(self, training: Training) -> tuple[Space, Params]:
        return self.space, self.defaults

    def packages(self, features: Features) -> tuple[str, ...]:
        return *super().packages(features), *(features.subwords.requirements if features.subwords else ())

    def fit(self, features: Features, params: Params, training: Training, on_epoch: OnEpoch) -> Model:
        self.prepare()
        from .model import fit_network

        return fit_network(self, features, params, training, on_epoch)

    def load_network(self, folder: Path) -> Model:
        from .model import load_network

        return load_network(self, folder)
