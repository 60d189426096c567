"""The layers of the networks. TensorFlow is imported by the tests alone: a worker that collects them does without."""

import numpy as np


def states_and_gradients(layer, sequence):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(sequence)
        states = layer(sequence)
        loss = tf.reduce_sum(states**2)
    return states, tape.gradient(loss, [sequence, *layer.trainable_weights])


def our_order(weights):
    """Keras has the gates input, forget, cell, output."""
    i, f, c, o = np.split(weights, 4, axis=-1)
    return np.concatenate([i, c, f, o], axis=-1)


def test_the_fused_lstm_is_keras_lstm():
    import keras
    import tensorflow as tf

    from sentiment.model.network.layers import FusedLSTM

    sequence = tf.constant(np.random.default_rng(3).normal(size=(4, 9, 5)), dtype=tf.float32)
    plain, fused = keras.layers.LSTM(6, return_sequences=True), FusedLSTM(6)
    plain(sequence), fused(sequence)
    kernel, recurrent, bias = map(our_order, plain.get_weights())
    fused.set_weights([kernel, recurrent, np.zeros_like(bias)])  # the forget gate's 1 is the kernel's own
    states, gradients = states_and_gradients(plain, sequence)
    fused_states, fused_gradients = states_and_gradients(fused, sequence)
    np.testing.assert_allclose(fused_states, states, atol=1e-6)
    np.testing.assert_allclose(fused_gradients[0], gradients[0], atol=1e-5)
    for ours, keras_own in zip(fused_gradients[1:], gradients[1:], strict=True):
        np.testing.assert_allclose(ours, our_order(keras_own), rtol=1e-4, atol=1e-5)


def test_the_mean_embedding_leaves_out_padding():
    import tensorflow as tf

    from sentiment.model.network.layers import MeanEmbedding

    layer = MeanEmbedding(5, 2)
    ids = tf.constant([[3, 1, 3, 0], [0, 0, 0, 0]], dtype=tf.int32)
    mean = layer(ids)
    rows = layer.get_weights()[0]
    np.testing.assert_allclose(mean[0], (2 * rows[3] + rows[1]) / 3, rtol=1e-6)
    np.testing.assert_array_equal(mean[1], [0, 0])


def test_positions_go_from_the_first_token_to_the_last_whatever_the_length_and_the_padding():
    import tensorflow as tf

    from sentiment.model.network.layers import RelativePosition

    mask = tf.sequence_mask([5, 3, 1, 0], 5)
    positions = RelativePosition(3)(mask).numpy()
    np.testing.assert_allclose(positions[0], [[1, 0, 0], [0.5, 0.5, 0], [0, 1, 0], [0, 0.5, 0.5], [0, 0, 1]])
    np.testing.assert_allclose(positions[1, :3], np.eye(3))
    np.testing.assert_allclose(positions[2, 0], [1, 0, 0])
    assert np.isfinite(positions).all()


def test_local_attention_is_keras_attention_within_each_block():
    from sentiment.model.network.layers import LocalAttention

    random = np.random.default_rng(0)
    states = random.normal(size=(2, 7, 4)).astype("float32")
    present = np.arange(7) < np.array([[7], [5]])
    layer = LocalAttention(2, 4, 3)
    attended = layer(states, present).numpy()
    for row, first, last in ((0, 0, 3), (0, 3, 6), (0, 6, 7), (1, 0, 3), (1, 3, 5)):
        block = states[row : row + 1, first:last]
        np.testing.assert_allclose(attended[row, first:last], layer._attention(block, block)[0], atol=1e-6)
    layer._block = 100  # then both texts are one block
    whole = layer._attention(states, states, attention_mask=present[:, None])
    np.testing.assert_allclose(layer(states, present)[0], whole[0], atol=1e-6)
    np.testing.assert_allclose(layer(states, present)[1, :5], whole[1, :5], atol=1e-6)
