"""Dense layers over averaged embeddings: the network of most text classification tutorials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..network.family import NetworkFamily
from ..space import Choice, Integer, LogUniform, Params, Space, Uniform

if TYPE_CHECKING:
    import keras

    from ..text.vocabulary import Vocabulary

SPACE: Space = {
    "layers": Choice((1, 2, 3)),
    "units_1": Integer(64, 256, step=64),
    "units_2": Integer(64, 256, step=64, when={"layers": (2, 3)}),
    "units_3": Integer(64, 256, step=64, when={"layers": (3,)}),
    "dropout": Uniform(0.1, 0.5),
    "learning_rate": LogUniform(1e-4, 1e-2),
}
DEFAULTS: Params = {
    "layers": 1,
    "units_1": 128,
    "units_2": 128,
    "units_3": 128,
    "dropout": 0.2,
    "learning_rate": 5e-3,
}
EMBEDDING_SIZE = 128


def build(params: Params, vocabulary: Vocabulary, classes: int) -> keras.Model:
    """The untrained network: int32 token ids of shape (batch, length) to probabilities of shape (batch, classes)."""
    from keras import Input, Model, layers

    from ..network.layers import MeanEmbedding

    ids = Input((None,), dtype="int32")
    text = MeanEmbedding(len(vocabulary), EMBEDDING_SIZE)(ids)
    for layer in range(1, params["layers"] + 1):
        text = layers.Dense(params[f"units_{layer}"], activation="relu")(text)
        text = layers.Dropout(params["dropout"])(text)
    return Model(ids, layers.Dense(classes, activation="softmax")(text))


FAMILY = NetworkFamily("dense", SPACE, DEFAULTS, build, bag_of_words=True)
