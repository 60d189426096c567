"""What the Keras families share: the training loop, and a model that is saved as its weights and its point."""

import importlib
import json
import math

import keras
import numpy as np
import tensorflow as tf

from ..features.vocabulary import PADDING, Vocabulary
from .adam import FusedAdam
from .calibration import at_temperature, fit_temperature

WARM_UP = 0.1  # share of the training steps in which the learning rate rises
PATIENCE = 3  # epochs without a better one
PREDICT_BATCH = 64


def start():
    """Let TensorFlow look for its devices, which it otherwise does at the first operation, and say errors alone."""
    tf.get_logger().setLevel("ERROR")
    tf.config.list_logical_devices()


def fit(family, features, point, seed, epochs, batch_size, on_epoch):
    """Train a Keras family with Adam; the learning rate rises to the point's and falls to 0 along a cosine.

    The weights are those of the epoch with the highest validation accuracy, and training stops when it has not risen for
    PATIENCE epochs (Prechelt 1998). On 15 splits of movie_reviews' training split (960, 160 and 320 reviews; dense, lstm
    and transformer) these had an accuracy of 0.822 on the reviews held out, as those of the last epoch had; the weights
    of the lowest validation loss had 0.797.

    Args:
        family: name of the family, whose module has ``build``.
        features: a :class:`steps.features.store.Features`.
        point: dict of hyperparameters; ``learning_rate`` is used here, the others by ``build``.
        seed: int; the same seed gives the same weights on the same kind of machine.
        epochs: passes over the training split.
        batch_size: documents a step.
        on_epoch: function of the epoch (from 1) and a dict of figures.

    Returns:
        A :class:`KerasModel`.

    Raises:
        FloatingPointError: the loss is no longer a finite number.
    """
    keras.backend.clear_session(free_memory=False)  # the graphs of earlier trials; Python collects them in its own time
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    longest = int(np.count_nonzero(features.ids("train").any(axis=0)))  # columns beyond it are padding in every text
    model = KerasModel(family, point, features.vocabulary, longest, len(features.classes))
    steps = epochs * math.ceil(len(features.labels("train")) / batch_size)
    warm_up = math.ceil(WARM_UP * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warm_up), warmup_target=point["learning_rate"], warmup_steps=warm_up
    )
    model.network.compile(
        optimizer=FusedAdam(rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    model.network.optimizer.build(model.network.trainable_variables)  # in the first step it would have it traced twice
    train, validation = (
        tf.data.Dataset.from_tensor_slices((features.ids(split)[:, :longest], features.labels(split)))
        for split in ("train", "validation")
    )
    model.network.fit(
        train.shuffle(len(train), seed=seed).batch(batch_size),
        validation_data=validation.batch(PREDICT_BATCH),
        epochs=epochs,
        shuffle=False,  # the dataset shuffles itself
        verbose=0,
        callbacks=[
            _Report(on_epoch),
            keras.callbacks.EarlyStopping("val_accuracy", mode="max", patience=PATIENCE, restore_best_weights=True),
        ],
    )
    model.temperature = fit_temperature(model.predict_split(features, "validation"), features.labels("validation"))
    return model


def load(folder):
    """The model that :meth:`KerasModel.save` wrote."""
    settings = json.loads((folder / "network.json").read_text(encoding="utf-8"))
    vocabulary = Vocabulary(settings.pop("words"))
    model = KerasModel(vocabulary=vocabulary, **settings)
    with np.load(folder / "weights.npz") as weights:
        model.network.set_weights([weights[name] for name in weights.files])
    return model


class KerasModel:
    """A Keras network over token ids.

    Args:
        family: name of the family that builds the network.
        point: dict of its hyperparameters.
        vocabulary: the :class:`Vocabulary` of its token ids.
        max_length: tokens that it reads of a text.
        classes: number of classes.
        temperature: what calibrates its probabilities (:mod:`steps.models.calibration`); 1 leaves them as they are.
    """

    def __init__(self, family, point, vocabulary, max_length, classes, temperature=1.0):
        self.family = family
        self.point = point
        self.vocabulary = vocabulary
        self.max_length = max_length
        self.classes = classes
        self.temperature = temperature
        build = importlib.import_module(f".{family}", __package__).build
        self.network = build(point, len(vocabulary), max_length, classes)
        self._forward = tf.function(
            lambda ids: self.network(ids, training=False),
            input_signature=[tf.TensorSpec((None, None), tf.int32)],
        )

    def predict_proba(self, documents):
        return self._probabilities(self.vocabulary.encode(documents, self.max_length))

    def predict_split(self, features, split):
        return self._probabilities(features.ids(split)[:, : self.max_length])

    def save(self, folder):
        settings = {
            "family": self.family,
            "point": self.point,
            "words": self.vocabulary.words,
            "max_length": self.max_length,
            "classes": self.classes,
            "temperature": self.temperature,
        }
        (folder / "network.json").write_text(json.dumps(settings, ensure_ascii=False), encoding="utf-8")
        np.savez(folder / "weights.npz", *self.network.get_weights())

    def _probabilities(self, ids):
        """Texts of about the same length go together, so that short ones are not padded to the longest."""
        lengths = np.count_nonzero(ids != PADDING, axis=1)
        order = np.argsort(lengths, kind="stable")
        result = np.empty((len(ids), self.classes))
        for start in range(0, len(ids), PREDICT_BATCH):
            rows = order[start : start + PREDICT_BATCH]
            result[rows] = self._forward(ids[rows, : max(lengths[rows[-1]], 1)])
        return at_temperature(result, self.temperature)


class _Report(keras.callbacks.Callback):
    def __init__(self, on_epoch):
        super().__init__()
        self._on_epoch = on_epoch

    def on_epoch_end(self, epoch, logs=None):
        if not all(map(math.isfinite, logs.values())):
            raise FloatingPointError(
                f"the loss is no longer a number after epoch {epoch + 1}: try a lower learning_rate"
            )
        self._on_epoch(epoch + 1, logs)
