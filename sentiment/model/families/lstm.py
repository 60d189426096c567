"""A bidirectional LSTM (Hochreiter and Schmidhuber 1997) over learned embeddings, averaged over the text."""

from ..space import Choice, Integer, LogUniform, Uniform

SPACE = {
    "embedding_size": Integer(32, 128, step=32),
    "units": Integer(16, 64, step=16),
    "dropout": Uniform(0.1, 0.5),
    "learning_rate": LogUniform(1e-3, 1e-2),
}
DEFAULTS = {"embedding_size": 64, "units": 32, "dropout": 0.3, "learning_rate": 5e-3}

VECTORS_SPACE = {"vectors": Choice(("fine_tuned", "frozen"))}  # added where embeddings start from word vectors
VECTORS_DEFAULTS = {"vectors": "fine_tuned"}


def build(point, vocabulary_size, classes):
    """The untrained network: int32 token ids of shape (batch, length) to probabilities of shape (batch, classes)."""
    from keras import Input, Model, layers, ops

    from ..network.layers import FusedLSTM, MaskedMean
    from ..text.vocabulary import PADDING

    ids = Input((None,), dtype="int32")
    mask = ops.not_equal(ids, PADDING)
    # Padding stands at the end. The text is turned round without it, so that neither direction meets padding before
    # a word, and the LSTMs need no mask.
    places = ops.cumsum(ops.ones_like(ids), axis=1) - 1
    lengths = ops.sum(ops.cast(mask, "int32"), axis=1, keepdims=True)
    reversed_ids = ops.take_along_axis(ids, ops.where(mask, lengths - 1 - places, places), axis=1)

    frozen = point.get("vectors") == "frozen"
    embedding = layers.Embedding(vocabulary_size, point["embedding_size"], trainable=not frozen, name="words")
    directions = []
    for words in (ids, reversed_ids):
        embedded = layers.SpatialDropout1D(point["dropout"])(embedding(words))
        states = FusedLSTM(point["units"])(embedded)
        directions.append(MaskedMean()(states, mask))
    text = layers.Dropout(point["dropout"])(layers.Concatenate()(directions))
    return Model(ids, layers.Dense(classes, activation="softmax")(text))
