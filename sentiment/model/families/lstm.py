"""A bidirectional LSTM (Hochreiter and Schmidhuber 1997) over word embeddings, pooled over the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..network.family import NetworkFamily
from ..space import Choice, Integer, LogUniform, Params, Space, Uniform

if TYPE_CHECKING:
    import keras

    from ..text.vocabulary import Vocabulary
    from ..training import Training

SPACE: Space = {
    "embedding_size": Integer(32, 128, step=32),
    "units": Integer(16, 64, step=16),
    "dropout": Uniform(0.1, 0.5),
    "learning_rate": LogUniform(1e-3, 1e-2),
    "lexicon": Choice(("vader", "none")),
}
DEFAULTS: Params = {"embedding_size": 64, "units": 32, "dropout": 0.3, "learning_rate": 5e-3, "lexicon": "vader"}

# In addition, if the embeddings start from word vectors.
VECTORS_SPACE: Space = {"vectors": Choice(("fine_tuned", "frozen"))}
VECTORS_DEFAULTS: Params = {"vectors": "fine_tuned"}


def build(params: Params, vocabulary: Vocabulary, classes: int) -> keras.Model:
    """The untrained network: int32 token ids of shape (batch, length) to probabilities of shape (batch, classes)."""
    from keras import Input, Model, layers, ops

    from ..network.layers import FusedLSTM, StatePooling, WordDropout, WordKinds, reads_lexicon
    from ..text.vocabulary import PADDING

    ids = Input((None,), dtype="int32")
    mask = ops.not_equal(ids, PADDING)
    # The text is reversed without its padding, so that padding stays at the end: in both directions the LSTM sees it
    # after the last word and needs no mask.
    positions = ops.cumsum(ops.ones_like(ids), axis=1) - 1
    lengths = ops.sum(ops.cast(mask, "int32"), axis=1, keepdims=True)
    reversed_ids = ops.take_along_axis(ids, ops.where(mask, lengths - 1 - positions, positions), axis=1)

    frozen = params.get("vectors") == "frozen"
    embedding = layers.Embedding(len(vocabulary), params["embedding_size"], trainable=not frozen, name="words")
    tells_kinds = reads_lexicon(params, vocabulary)
    directions = []
    for words in (ids, reversed_ids):
        embedded = embedding(WordDropout(vocabulary, tells_kinds)(words))
        embedded = layers.SpatialDropout1D(params["dropout"])(embedded)
        if tells_kinds:
            embedded = layers.Concatenate()([embedded, WordKinds(vocabulary)(words)])
        states = FusedLSTM(params["units"])(embedded)
        directions.append(StatePooling()(states, mask))
    text = layers.Dropout(params["dropout"])(layers.Concatenate()(directions))
    return Model(ids, layers.Dense(classes, activation="softmax")(text))


class LSTMFamily(NetworkFamily):
    """Embeddings may start from word vectors."""

    options = (*NetworkFamily.options, "embedding", "embedding_file")

    def search_space(self, training: Training) -> tuple[Space, Params]:
        if training.embedding == "random":
            return SPACE, DEFAULTS
        return SPACE | VECTORS_SPACE, DEFAULTS | VECTORS_DEFAULTS


FAMILY = LSTMFamily("lstm", SPACE, DEFAULTS, build, starts=({"learning_rate": 2e-3},))
