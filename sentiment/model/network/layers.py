"""Layers that the Keras families share."""

import keras
import tensorflow as tf

from ..text.vocabulary import PADDING


class MaskedMean(keras.layers.Layer):
    """The mean over the positions of a text that are not padding: (batch, length, size) to (batch, size)."""

    def call(self, states, mask):
        weights = keras.ops.cast(mask, states.dtype)[..., None]
        total = keras.ops.sum(states * weights, axis=1)
        return total / keras.ops.maximum(keras.ops.sum(weights, axis=1), 1.0)  # a text of no known word has none


class Places(keras.layers.Layer):
    """Where each token of a text stands between its first and its last one, as weights of places the same distance apart.

    The mask of a text, bool of shape (batch, length), to float32 of shape (batch, length, count): a token's two nearest
    places share a weight of 1.

    Args:
        count: number of places, the text's start and end included.
    """

    def __init__(self, count):
        super().__init__()
        self._count = count

    def call(self, mask):
        there = keras.ops.cast(mask, "float32")
        before = keras.ops.cumsum(there, axis=1) - 1
        last = keras.ops.maximum(keras.ops.sum(there, axis=1, keepdims=True) - 1, 1)
        place = before / last * (self._count - 1)
        distances = keras.ops.abs(place[..., None] - keras.ops.arange(self._count, dtype="float32"))
        return keras.ops.relu(1 - distances)


class MeanEmbedding(keras.layers.Layer):
    """Token ids, int32 of shape (batch, length), to the mean of their embeddings, float32 of shape (batch, size).

    The order of the words does not count, so that it is a product of the words' shares and the embeddings. On a CPU that
    takes a third of the time of looking up a vector for each position.
    """

    def __init__(self, vocabulary_size, size):
        super().__init__()
        self._shape = (vocabulary_size, size)

    def build(self, _):
        self._embeddings = self.add_weight(shape=self._shape, initializer="uniform")

    def call(self, ids):
        words = self._shape[0]
        counts = tf.math.bincount(ids, minlength=words, maxlength=words, dtype=tf.float32, axis=-1)
        counts *= tf.cast(tf.range(words) != PADDING, tf.float32)
        total = tf.reduce_sum(counts, axis=1, keepdims=True)
        return tf.matmul(counts, self._embeddings) / tf.maximum(total, 1.0)  # a text of no known word has none

    def compute_output_shape(self, ids):
        return ids[0], self._shape[1]


class FusedLSTM(keras.layers.Layer):
    """An LSTM as TensorFlow's fused kernel: float32 of shape (batch, length, size) to its states, (batch, length, units).

    It computes what ``keras.layers.LSTM(units, return_sequences=True)`` does, from weights with the same initial
    distribution. On a CPU Keras runs some twenty operations for each word and direction; this is one for the whole text,
    four times as fast with one thread. (``BlockLSTMV2``, with Keras's order of the gates, has wrong gradients in
    TensorFlow 2.21.)
    """

    def __init__(self, units):
        super().__init__()
        self._units = units

    def build(self, shape):
        gates = 4 * self._units  # input, cell, forget, output
        self._kernel = self.add_weight(shape=(shape[-1], gates), initializer="glorot_uniform")
        self._recurrent = self.add_weight(shape=(self._units, gates), initializer="orthogonal")
        self._bias = self.add_weight(shape=(gates,), initializer="zeros")

    def call(self, sequence):
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
            cell_clip=-1.0,  # none
            use_peephole=False,
        )
        return tf.transpose(states.h, (1, 0, 2))

    def compute_output_shape(self, shape):
        return (*shape[:-1], self._units)


class ChunkMean(keras.layers.Layer):
    """The mean of a network's probabilities over the chunks of a text: (batch, chunks · length) to (batch, classes).

    Args:
        network: Keras model from ids of shape (batch, length) to probabilities.
        length: tokens a chunk.
        padding: the id that is no token; a chunk of nothing else does not count, but for a text's first one.
    """

    def __init__(self, network, length, padding):
        super().__init__()
        self.network = network
        self._length = length
        self._padding = padding

    @classmethod
    def over(cls, network, length, padding):
        """The network over ids of any number of chunks."""
        ids = keras.Input((None,), dtype="int32")
        return keras.Model(ids, cls(network, length, padding)(ids))

    def call(self, ids, training=False):
        ids = tf.pad(ids, [[0, 0], [0, -tf.shape(ids)[1] % self._length]], constant_values=self._padding)
        chunks = tf.shape(ids)[1] // self._length
        rows = tf.reshape(ids, (-1, self._length))
        place = tf.range(tf.shape(rows)[0])
        there = tf.reduce_any(rows != self._padding, axis=1) | (place % chunks == 0)
        probabilities = self.network(tf.boolean_mask(rows, there), training=training)
        return tf.math.segment_mean(probabilities, tf.boolean_mask(place // chunks, there))

    def compute_output_shape(self, ids):
        return ids[0], self.network.output_shape[-1]
