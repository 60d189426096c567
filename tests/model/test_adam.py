"""The optimizer of the networks, and its learning rate."""

import numpy as np
import pytest


def test_a_step_is_the_papers_with_a_words_gradients_summed(monkeypatch):
    """Kingma and Ba 2015, algorithm 1, in float64, on an embedding in which a word stands twice in the batch.

    And what is kept is the average of the weights: by each step in the beginning, then by each fifth.
    """
    import keras

    from sentiment.model.network import adam
    from sentiment.model.network.adam import FusedAdam

    monkeypatch.setattr(adam, "SHARE", 0.1)  # from the 20th step on
    embedding = keras.layers.Embedding(4, 2)
    network = keras.Sequential([keras.Input((3,), dtype="int32"), embedding, keras.layers.GlobalAveragePooling1D()])
    optimizer = FusedAdam(0.1, epsilon=1e-7, weight_decay=0.1)
    network.compile(optimizer, "mse")
    weights = embedding.get_weights()[0].astype("float64")
    ids, target = np.array([[1, 1, 2]], dtype="int32"), np.array([[1.0, -1.0]])
    counts = np.array([[0, 2, 1, 0]]) / 3
    m = v = average = np.zeros((4, 2))
    for step in range(1, 25):
        network.train_on_batch(ids, target)
        gradient = counts.T @ (counts @ weights - target)  # the mean over two outputs cancels the square's 2
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        weights = weights * (1 - 0.1 * 0.1)  # Loshchilov and Hutter 2019, algorithm 2
        weights = weights - 0.1 * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-7)
        np.testing.assert_allclose(embedding.get_weights()[0], weights, rtol=1e-3, atol=1e-4)
        if step <= 21:
            average = average + (weights - average) * (2 / (step + 1) if step <= 20 else 0.5)
    network.optimizer.finalize_variable_values(network.trainable_variables)
    np.testing.assert_allclose(embedding.get_weights()[0], average, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("steps, warm_up", [(1, 1), (46, 5), (100, 10)])
def test_the_learning_rate_is_that_of_keras(steps, warm_up):
    import keras

    from sentiment.model.network.training_loop import WarmUpCosine

    decay = max(1, steps - warm_up)
    expected = keras.optimizers.schedules.CosineDecay(0.0, decay, warmup_target=5e-3, warmup_steps=warm_up)
    rate = WarmUpCosine(5e-3, warm_up, decay)
    assert [float(rate(step)) for step in range(steps)] == [float(expected(step)) for step in range(steps)]
