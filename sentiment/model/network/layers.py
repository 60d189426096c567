"""Layers that the networks share."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..space import Params
from ..text.vocabulary import PADDING, UNKNOWN, Vocabulary
from ..text.word_kinds import make_kind_features

WORD_DROPOUT = 0.1


def masked_mean(states: Any, mask: Any) -> Any:
    """The mean of states of shape (batch, length, size) where a mask of shape (batch, length, 1) is true."""
    weights = keras.ops.cast(mask, states.dtype)
    total = keras.ops.sum(states * weights, axis=1)
    return total / keras.ops.maximum(keras.ops.sum(weights, axis=1), 1.0)  # a text may have no tokens


class MaskedMean(keras.layers.Layer):
    """The mean over the positions of a text that are not padding: (batch, length, size) to (batch, size)."""

    def call(self, states: Any, mask: Any) -> Any:
        return masked_mean(states, mask[..., None])


def reads_lexicon(params: Params, vocabulary: Vocabulary) -> bool:
    """Whether a network reads the lexicon's kinds of words, which a vocabulary of subwords does not have."""
    return params["lexicon"] == "vader" and bool(vocabulary.kinds)


class WordDropout(keras.layers.Layer):
    """In training, reads a share ``WORD_DROPOUT`` of the words as if they were unknown (Iyyer et al. 2015).

    So a network learns to handle words that are in no training text.

    Args:
        vocabulary: of the token ids, int32 of shape (batch, length).
        tells_kinds: whether unknown words of the lexicon are told apart by their kind.
    """

    def __init__(self, vocabulary: Vocabulary, tells_kinds: bool) -> None:
        super().__init__()
        ids = np.arange(len(vocabulary), dtype=np.int32)
        self._read = ids if tells_kinds else np.where(vocabulary.is_unknown(ids), np.int32(UNKNOWN), ids)
        self._dropped = self._read[vocabulary.ids_if_unknown()]
        self._random = keras.random.SeedGenerator()

    def call(self, ids: Any, training: bool = False) -> Any:
        # Tracing Keras's take takes ten times as long, for negative indices.
        read = tf.gather(self._read, ids)
        if not training:
            return read
        dropped = keras.random.uniform(keras.ops.shape(ids), seed=self._random) < WORD_DROPOUT
        return keras.ops.where(dropped, tf.gather(self._dropped, ids), read)


class StatePooling(keras.layers.Layer):
    """The mean, the maximum and an attention-weighted mean of an LSTM's states over the tokens of a text.

    Maps float32 of shape (batch, length, size), values from -1 to 1, to (batch, 3 · size). Each token's attention is
    its state's product with a learned vector (Yang et al. 2016, equation 6, with the states as they are).
    """

    def build(self, shape: tuple) -> None:
        self._context = self.add_weight(shape=(shape[-1], 1), initializer="glorot_uniform")

    def call(self, states: Any, mask: Any) -> Any:
        mask = mask[..., None]
        scores = keras.ops.where(mask, keras.ops.matmul(states, self._context), -1e9)
        attention = keras.ops.where(mask, keras.ops.softmax(scores, axis=1), 0.0)  # none where all is padding
        attended = keras.ops.sum(attention * states, axis=1)
        highest = keras.ops.max(keras.ops.where(mask, states, -1.0), axis=1)
        return keras.ops.concatenate([masked_mean(states, mask), highest, attended], axis=-1)

    def compute_output_shape(self, shape: tuple) -> tuple:
        return shape[0], 3 * shape[-1]


class WordKinds(keras.layers.Layer):
    """Lexicon features of each word: token ids, int32 of shape (batch, length), to float32 (batch, length, 4).

    Args:
        vocabulary: of the token ids.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__()
        self._features = make_kind_features()[vocabulary.id_kinds()]

    def call(self, ids: Any) -> Any:
        return tf.gather(self._features, ids)


class RelativePosition(keras.layers.Layer):
    """The position of each token relative to the length of its text, as weights of equidistant grid points.

    Maps the mask of a text, bool of shape (batch, length), to float32 of shape (batch, length, count). The first token
    is at the first grid point and the last token at the last one. Between two grid points the weights are interpolated
    linearly and sum to 1.

    Args:
        count: number of grid points.
    """

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count

    def call(self, mask: Any) -> Any:
        present = keras.ops.cast(mask, "float32")
        before = keras.ops.cumsum(present, axis=1) - 1
        last = keras.ops.maximum(keras.ops.sum(present, axis=1, keepdims=True) - 1, 1)
        position = before / last * (self._count - 1)
        distances = keras.ops.abs(position[..., None] - keras.ops.arange(self._count, dtype="float32"))
        return keras.ops.relu(1 - distances)


class LocalAttention(keras.layers.Layer):
    """Multi-head self-attention within each block of a text (Liu et al. 2018, section 4.2.4, "local attention").

    Maps float32 of shape (batch, length, size) to the same shape. Its time grows with the length of a text instead of
    its square. A text of one block is attended to as a whole.

    Args:
        heads: number of attention heads.
        size: of the states.
        block: tokens of a block.
    """

    def __init__(self, heads: int, size: int, block: int) -> None:
        super().__init__()
        self._block = block
        self._attention = keras.layers.MultiHeadAttention(heads, size // heads)

    def build(self, shape: tuple) -> None:
        self._attention.build(shape, shape)

    def call(self, states: Any, mask: Any) -> Any:
        shape = tf.shape(states)
        block = tf.minimum(shape[1], self._block)
        more = [[0, 0], [0, -shape[1] % block]]  # padding
        blocks = tf.reshape(tf.pad(states, [*more, [0, 0]]), (-1, block, states.shape[-1]))
        present = tf.reshape(tf.pad(mask, more), (-1, 1, block))
        attended = self._attention(blocks, blocks, attention_mask=present)
        return tf.reshape(attended, (shape[0], -1, states.shape[-1]))[:, : shape[1]]

    def compute_output_shape(self, shape: tuple) -> tuple:
        return shape


class MeanEmbedding(keras.layers.Layer):
    """The mean of the embeddings of token ids: int32 of shape (batch, length) to float32 of shape (batch, size).

    The order of words does not matter, so this is computed as the product of the words' relative frequencies and the
    embedding matrix. On a CPU that takes a third of the time of an embedding lookup for each position.
    """

    def __init__(self, vocabulary_size: int, size: int) -> None:
        super().__init__()
        self._shape = (vocabulary_size, size)

    def build(self, _: Any) -> None:
        self._embeddings = self.add_weight(shape=self._shape, initializer="uniform")

    def call(self, ids: Any) -> Any:
        words = self._shape[0]
        counts = tf.math.bincount(ids, minlength=words, maxlength=words, dtype=tf.float32, axis=-1)
        counts *= tf.cast(tf.range(words) != PADDING, tf.float32)
        total = tf.reduce_sum(counts, axis=1, keepdims=True)
        return tf.matmul(counts, self._embeddings) / tf.maximum(total, 1.0)  # a text may have no tokens

    def compute_output_shape(self, ids: tuple) -> tuple:
        return ids[0], self._shape[1]


class FusedLSTM(keras.layers.Layer):
    """An LSTM as TensorFlow's fused kernel: float32 of shape (batch, length, size) to states (batch, length, units).

    It computes what ``keras.layers.LSTM(units, return_sequences=True)`` does, with the same initial distribution of
    weights. On a CPU Keras runs some twenty operations for each word and direction. This is one operation for the whole
    text, and four times as fast on one thread. (``BlockLSTMV2``, which has Keras's order of the gates, computes wrong
    gradients in TensorFlow 2.21.)
    """

    def __init__(self, units: int) -> None:
        super().__init__()
        self._units = units

    def build(self, shape: tuple) -> None:
        gates = 4 * self._units  # input, cell, forget, output
        self._kernel = self.add_weight(shape=(shape[-1], gates), initializer="glorot_uniform")
        self._recurrent = self.add_weight(shape=(self._units, gates), initializer="orthogonal")
        self._bias = self.add_weight(shape=(gates,), initializer="zeros")

    def call(self, sequence: Any) -> Any:
        steps = tf.transpose(sequence, (1, 0, 2))
        start = tf.zeros((tf.shape(steps)[1], self._units))
        peephole = tf.zeros((self._units,))
        states = tf.raw_ops.BlockLSTM(
            seq_len_max=tf.cast(tf.shape(steps)[0], tf.int64),
            x=steps,
            cs_prev=start,
            h_prev=start,
            w=tf.concat([self._kernel, self._recurrent], axis=0),
            wci=peephole,
            wcf=peephole,
            wco=peephole,
            b=self._bias,
            forget_bias=1.0,  # the forget gate starts open (Jozefowicz et al. 2015)
            cell_clip=-1.0,  # no clipping
            use_peephole=False,
        )
        return tf.transpose(states.h, (1, 0, 2))

    def compute_output_shape(self, shape: tuple) -> tuple:
        return (*shape[:-1], self._units)


class ChunkMean(keras.layers.Layer):
    """The mean of a network's probabilities over the chunks of a text: (batch, chunks · length) to (batch, classes).

    Args:
        network: from ids of shape (batch, length) to probabilities.
        length: tokens per chunk; a batch of shorter texts is not padded to it.
        padding: the id that pads texts. Chunks of nothing but padding do not count, except the first one of a text.
    """

    def __init__(self, network: keras.Model, length: int, padding: int) -> None:
        super().__init__()
        self.network = network
        self._length = length
        self._padding = padding

    @classmethod
    def wrap(cls, network: keras.Model, length: int, padding: int) -> keras.Model:
        """The network over ids of any number of chunks."""
        ids = keras.Input((None,), dtype="int32")
        return keras.Model(ids, cls(network, length, padding)(ids))

    def call(self, ids: Any, training: bool = False) -> Any:
        length = tf.minimum(tf.shape(ids)[1], self._length)
        ids = tf.pad(ids, [[0, 0], [0, -tf.shape(ids)[1] % length]], constant_values=self._padding)
        chunks = tf.shape(ids)[1] // length
        rows = tf.reshape(ids, (-1, length))
        numbers = tf.range(tf.shape(rows)[0])
        counts = tf.reduce_any(rows != self._padding, axis=1) | (numbers % chunks == 0)
        probabilities = self.network(tf.boolean_mask(rows, counts), training=training)
        return tf.math.segment_mean(probabilities, tf.boolean_mask(numbers // chunks, counts))

    def compute_output_shape(self, ids: tuple) -> tuple:
        return ids[0], self.network.output_shape[-1]
