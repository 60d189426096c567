"""The training loop of the networks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ..families import OnEpoch
from ..space import Params
from ..training import Criterion, Training, compute_sample_weight
from .adam import SwapAverage
from .batches import make_batches
from .prediction import PREDICT_BATCH

WARM_UP = 0.1  # share of the training steps in which the learning rate rises
PATIENCE = 3  # epochs without improvement after which training stops


def reset(seed: int) -> None:
    """Forget the graphs of earlier networks and seed all randomness; the same seed gives the same weights."""
    keras.backend.clear_session(free_memory=False)  # Python's garbage collector frees them later
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def compile_network(
    network: keras.Model,
    optimizer: Callable[..., keras.optimizers.Optimizer],
    params: Params,
    training: Training,
    documents: int,
) -> None:
    """Make a network ready for :func:`train`.

    Args:
        network: from token ids to probabilities.
        optimizer: class of the Keras optimizer.
        params: hyperparameters; ``learning_rate`` and, if present, ``weight_decay`` are used.
        training: see :class:`Training`.
        documents: number of training texts.
    """
    steps = training.epochs * math.ceil(documents / training.batch_size)
    warm_up = math.ceil(WARM_UP * steps) if steps > 1 else 0  # a warm-up begins with a rate of 0
    rate = WarmUpCosine(params["learning_rate"], warm_up, max(1, steps - warm_up))
    # A metric given by its name creates its variables in the first step, which is then traced twice.
    network.compile(
        optimizer=optimizer(rate, weight_decay=params.get("weight_decay")),
        loss="sparse_categorical_crossentropy",
        metrics=[keras.metrics.SparseCategoricalAccuracy("accuracy")],
    )
    network.optimizer.exclude_from_weight_decay(
        [weight for weight in network.trainable_variables if len(weight.shape) < 2]  # biases and scales
    )
    network.optimizer.build(network.trainable_variables)


def start_again(compiled: keras.Model, network: keras.Model, rate: float) -> None:
    """Give a compiled network, which may have been trained, the state of another one, and a learning rate."""
    for variable, value in zip(compiled.variables, network.variables, strict=True):
        variable.assign(value)
    for variable in compiled.optimizer.variables:
        variable.assign(keras.ops.zeros_like(variable))
    compiled.optimizer.schedule.rate.assign(rate)


def train(
    network: keras.Model,
    training: Training,
    train_split: tuple[np.ndarray, ...],
    validation_split: tuple[np.ndarray, ...],
    on_epoch: OnEpoch,
    padding: int | None = None,
) -> None:
    """Train a compiled network. The learning rate rises to the given one and falls to 0 along a cosine.

    The network keeps the weights of the epoch with the best ``training.metric`` on the validation split, and training
    stops once that has not improved for ``PATIENCE`` epochs (early stopping, Prechelt 1998). On 15 splits of
    movie_reviews' training split (960, 160 and 320 reviews; dense, lstm and transformer), the weights of the highest
    accuracy and those of the last epoch both had an accuracy of 0.822 on the held-out reviews; the weights with the
    lowest validation loss had 0.797.

    Args:
        network: made ready by :func:`compile_network`.
        training: see :class:`Training`.
        train_split: token ids, int32 of shape (documents, length), and labels, int32 of shape (documents,).
        validation_split: the same.
        on_epoch: called after each epoch with its number, from 1, and its metrics.
        padding: see :func:`make_batches`.

    Raises:
        FloatingPointError: the loss is no longer finite.
    """
    weights = compute_sample_weight(train_split[1], training)
    if weights is not None:
        train_split = (*train_split, weights)
    metric = training.metric
    validation_data = make_batches(validation_split, PREDICT_BATCH, padding)
    stopping = keras.callbacks.EarlyStopping(
        f"val_{metric.name}",
        mode="max" if metric.higher_is_better else "min",
        patience=PATIENCE,
        restore_best_weights=True,
    )
    callbacks = [_Measure(metric, validation_data), _Report(on_epoch), stopping]
    if network.optimizer.use_ema:
        callbacks.insert(0, SwapAverage(swap_on_epoch=True))
    network.fit(
        make_batches(train_split, training.batch_size, padding, training.seed),
        validation_data=validation_data,
        epochs=training.epochs,
        shuffle=False,  # the dataset shuffles itself
        verbose=0,
        callbacks=callbacks,
    )


class WarmUpCosine(keras.optimizers.schedules.LearningRateSchedule):
    """Keras's ``CosineDecay`` with a warm-up from 0, without its condition.

    Keras computes the rate again for every weight that decays, and a condition adds two graphs each time.

    Args:
        rate: the highest learning rate, kept as a variable.
        warm_up: steps in which it rises to that.
        decay: steps in which it falls to 0.
    """

    def __init__(self, rate: float, warm_up: int, decay: int) -> None:
        self.rate = tf.Variable(rate, trainable=False, dtype="float32")
        self._warm_up = warm_up
        self._decay = decay

    def __call__(self, step: Any) -> Any:
        step = keras.ops.cast(step, "float32")
        rising = self.rate * (step / self._warm_up)
        falling = self.rate * (0.5 * (1.0 + keras.ops.cos(math.pi * ((step - self._warm_up) / self._decay))))
        return keras.ops.where(step < self._warm_up, rising, falling)


class _Measure(keras.callbacks.Callback):
    """Adds a metric on the validation split to an epoch's metrics, unless Keras computes it itself."""

    def __init__(self, metric: Criterion, batches: tf.data.Dataset) -> None:
        super().__init__()
        self._metric = metric
        self._batches = batches  # in the same order every time

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        name = f"val_{self._metric.name}"
        if logs is not None and name not in logs:
            labels = np.concatenate([labels for _, labels in self._batches.as_numpy_iterator()])
            logs[name] = self._metric.function(labels, self.model.predict(self._batches, verbose=0))


class _Report(keras.callbacks.Callback):
    def __init__(self, on_epoch: OnEpoch) -> None:
        super().__init__()
        self._on_epoch = on_epoch

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        figures = logs or {}
        if not all(map(math.isfinite, figures.values())):
            raise FloatingPointError(
                f"the loss is no longer a number after epoch {epoch + 1}: try a lower learning_rate"
            )
        self._on_epoch(epoch + 1, figures)
