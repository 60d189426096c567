"""How a family is fitted, apart from its hyperparameters."""

from dataclasses import dataclass

import numpy as np

# Documents of training and validation split up to which the latter is small to choose by, and worth a fit on both.
SMALL_CORPUS = 10_000


@dataclass(frozen=True)
class Training:
    """What all fits of a search have in common.

    Args:
        seed: int; the same seed gives the same model on the same kind of machine.
        epochs: passes over the training split.
        batch_size: documents a training step.
        class_weight: ``none``, or ``balanced`` for documents that count by the inverse frequency of their class
            (King and Zeng 2001), in the calibration, too: probabilities are those of a corpus with as many of each.
        vectors: path of the word vectors that embeddings start from (:mod:`sentiment.features.vectors`), or empty.
        pretrained: the checkpoint to fine-tune (:mod:`sentiment.model.network.checkpoints`), or empty.
        members: networks of the model that a search ends with (:mod:`sentiment.model.network.ensemble`).
    """

    seed: int = 42
    epochs: int = 5
    batch_size: int = 32
    class_weight: str = "none"
    vectors: str = ""
    pretrained: str = ""
    members: int = 1


def document_weights(labels, training):
    """How much each document counts, float32 of shape (documents,) with mean 1; None for all the same.

    Args:
        labels: int array of shape (documents,).
        training: the :class:`Training`.
    """
    if training.class_weight == "none":
        return None
    counts = np.bincount(labels)
    return (len(labels) / (np.count_nonzero(counts) * counts[labels])).astype(np.float32)
