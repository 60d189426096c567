"""The training loop of the networks, and how they predict."""

import math

import keras
import numpy as np
import tensorflow as tf

from ..calibration import at_temperature, fit_temperature
from ..training import document_weights

WARM_UP = 0.1  # share of the training steps in which the learning rate rises
PATIENCE = 3  # epochs without a better one
PREDICT_BATCH = 64
SORTED = 8  # batches whose texts are sorted by length together


def begin(seed):
    """Forget the graphs of earlier networks and seed what is random; the same seed gives the same weights."""
    keras.backend.clear_session(free_memory=False)  # Python collects them in its own time
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def fit(network, optimizer, point, training, train, validation, on_epoch, padding=None):
    """Train a network; the learning rate rises to the point's and falls to 0 along a cosine.

    The weights are those of the epoch with the highest validation accuracy, and training stops when it has not risen for
    PATIENCE epochs (Prechelt 1998). On 15 splits of movie_reviews' training split (960, 160 and 320 reviews; dense, lstm
    and transformer) these had an accuracy of 0.822 on the reviews held out, as those of the last epoch had; the weights
    of the lowest validation loss had 0.797.

    Args:
        network: Keras model from ids to probabilities.
        optimizer: class of the Keras optimizer.
        point: dict of hyperparameters; ``learning_rate`` and, if there is one, ``weight_decay`` are used here.
        training: a :class:`sentiment.model.training.Training`.
        train: tuple of ids, int32 of shape (documents, length), and labels, int32 of shape (documents,).
        validation: the same of the validation split, which chooses the epoch; None for the weights of the last one.
        on_epoch: function of the epoch (from 1) and a dict of figures, or None.
        padding: see :func:`in_batches`.

    Raises:
        FloatingPointError: the loss is no longer a finite number.
    """
    labels = train[1]
    steps = training.epochs * math.ceil(len(labels) / training.batch_size)
    warm_up = math.ceil(WARM_UP * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warm_up), warmup_target=point["learning_rate"], warmup_steps=warm_up
    )
    network.compile(
        optimizer=optimizer(rate, weight_decay=point.get("weight_decay")),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    network.optimizer.exclude_from_weight_decay(
        [weight for weight in network.trainable_variables if len(weight.shape) < 2]  # biases and scales
    )
    network.optimizer.build(network.trainable_variables)  # in the first step it would have it traced twice
    weights = document_weights(labels, training)
    if weights is not None:
        train = (*train, weights)
    callbacks = [_Report(on_epoch)]
    if validation is not None:
        validation = in_batches(validation, PREDICT_BATCH, padding)
        callbacks.append(
            keras.callbacks.EarlyStopping("val_accuracy", mode="max", patience=PATIENCE, restore_best_weights=True)
        )
    network.fit(
        in_batches(train, training.batch_size, padding, training.seed),
        validation_data=validation,
        epochs=training.epochs,
        shuffle=False,  # the dataset shuffles itself
        verbose=0,
        callbacks=callbacks,
    )


def in_batches(split, batch_size, padding=None, seed=None):
    """A split in batches; where ``padding`` is given, of texts of about the same length, each as wide as its longest.

    On movie_reviews an epoch of the transformer on 800 tokens takes three quarters of the time so (benchmarks/epochs.md).

    Args:
        split: tuple of ids, int32 of shape (documents, length), and other arrays with a row for each document.
        batch_size: documents a batch.
        padding: the id that is no token, which stands at the end; or None.
        seed: of the documents' order, another one in each epoch; None leaves them in theirs, or sorted.

    Returns:
        A ``tf.data.Dataset`` of tuples of tensors, in ``ceil(documents / batch_size)`` batches.
    """
    batches = tf.data.Dataset.from_tensor_slices(split)
    if seed is not None:
        batches = batches.shuffle(len(split[1]), seed=seed)
    if padding is None:
        batches = batches.batch(batch_size)
    else:

        def lengths(ids):
            return tf.math.count_nonzero(ids != padding, axis=1)

        def by_length(*columns):
            order = tf.argsort(lengths(columns[0]), stable=True)
            return tuple(tf.gather(column, order) for column in columns)

        def trimmed(ids, *others):
            return ids[:, : tf.maximum(tf.reduce_max(lengths(ids)), 1)], *others

        batches = batches.batch(SORTED * batch_size).map(by_length).rebatch(batch_size)
        if seed is not None:
            batches = batches.shuffle(SORTED, seed=seed)
        count = math.ceil(len(split[1]) / batch_size)
        batches = batches.map(trimmed).apply(tf.data.experimental.assert_cardinality(count))
    # An iterator that ends waits for its tuner, which sleeps twice as long each time (TensorFlow 2.21): epochs of 12.6 s
    # took 20.4 s.
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.with_options(options)


def calibrate(model, features, training):
    """Fit the temperature of a model that has been trained, on the validation split."""
    labels = features.labels("validation")
    weights = document_weights(labels, training)
    model.temperature = fit_temperature(model.predict_split(features, "validation"), labels, weights)


class Predictor:
    """Probabilities of a network for ids: texts of about the same length go together, so that none is padded to the longest.

    Args:
        network: Keras model from ids to probabilities.
        padding: the id that is no token, which stands at the end.
    """

    def __init__(self, network, padding):
        self._padding = padding
        self._classes = network.output_shape[-1]
        self._forward = tf.function(
            lambda ids: network(ids, training=False),
            input_signature=[tf.TensorSpec((None, None), tf.int32)],
        )

    def probabilities(self, ids, temperature):
        """float64 of shape (documents, classes) for int32 ids of shape (documents, length)."""
        lengths = np.count_nonzero(ids != self._padding, axis=1)
        order = np.argsort(lengths, kind="stable")
        result = np.empty((len(ids), self._classes))
        for start in range(0, len(ids), PREDICT_BATCH):
            rows = order[start : start + PREDICT_BATCH]
            result[rows] = self._forward(ids[rows, : max(lengths[rows[-1]], 1)])
        return at_temperature(result, temperature)


class _Report(keras.callbacks.Callback):
    def __init__(self, on_epoch):
        super().__init__()
        self._on_epoch = on_epoch

    def on_epoch_end(self, epoch, logs=None):
        if not all(map(math.isfinite, logs.values())):
            raise FloatingPointError(
                f"the loss is no longer a number after epoch {epoch + 1}: try a lower learning_rate"
            )
        if self._on_epoch:
            self._on_epoch(epoch + 1, logs)
