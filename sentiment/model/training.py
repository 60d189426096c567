"""The inputs of a fit: the settings that all fits of a search share, and the features of a corpus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

    from .text.cleaning import Cleaner
    from .text.subwords import Subwords
    from .text.vocabulary import Vocabulary

SEARCH_SPLITS = ("train", "validation")  # what trials are fitted and measured on
# The splits for the final model of a search. ``choice`` is the part of the validation split on which families are
# compared: no fit, epoch, temperature or hyperparameter is selected on it.
REFIT_SPLITS = ("train", "validation", "choice")


def accuracy(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Share of correct predictions, 0 to 1."""
    return float((probabilities.argmax(axis=1) == labels).mean())


@dataclass(frozen=True)
class Criterion:
    """The metric by which epochs and trials are chosen. A fit reports it after each epoch as ``val_NAME``.

    Args:
        name: its name.
        function: of labels (int array of shape (documents,)) and probabilities (float array of shape (documents,
            classes)).
        higher_is_better: direction.
    """

    name: str
    function: Callable[[np.ndarray, np.ndarray], float]
    higher_is_better: bool = True

    def score(self, value: float) -> float:
        """The value, negated if lower is better."""
        return value if self.higher_is_better else -value


ACCURACY = Criterion("accuracy", accuracy)


@dataclass(frozen=True)
class Training:
    """Settings that all fits of a search share.

    Args:
        seed: the same seed gives the same model on the same kind of machine.
        epochs: passes over the training split.
        batch_size: documents per training step.
        class_weight: ``none``, or ``balanced`` to weight documents by the inverse frequency of their class (King and
            Zeng 2001). Calibration uses the same weights, so probabilities are those of a corpus with balanced classes.
        embedding: what word embeddings start from: ``random``, ``word2vec`` or ``glove``.
        vectors: path of a float32 array with a vector for each token id; empty if ``embedding`` is ``random``.
        pretrained: the checkpoint to start from: a folder or a name on a model hub; or empty.
        members: number of networks in the final model (:mod:`sentiment.model.network.ensemble`); 0: the family's
            default.
        metric: what epochs and trials are chosen by.
    """

    seed: int = 42
    epochs: int = 5
    batch_size: int = 32
    class_weight: str = "none"
    embedding: str = "random"
    vectors: str = ""
    pretrained: str = ""
    members: int = 0
    metric: Criterion = ACCURACY


class Features(Protocol):
    """The encoded splits of a corpus, and what was learned from its training split to encode them.

    A split is ``train``, ``validation``, ``choice`` or ``test``. The corpus's validation split has two halves:
    ``choice``, on which families are compared, and ``validation``, which fits may use. Features are hashable, since
    results computed from them are cached.
    :class:`sentiment.features.store.Features` reads them from a run.
    """

    def __hash__(self) -> int: ...

    @property
    def cleaner(self) -> Cleaner: ...

    @property
    def classes(self) -> list[str]:
        """Class names in the order of the labels."""

    @property
    def max_length(self) -> int:
        """Tokens that a network reads at once."""

    @property
    def max_pieces(self) -> int:
        """Word pieces that a pretrained encoder reads at once."""

    @property
    def truncation(self) -> str:
        """Which tokens of a longer text are read (:mod:`sentiment.model.text.truncation`)."""

    @property
    def kept(self) -> Path:
        """The folder that caches embeddings of texts, by what they depend on, for all runs and processes."""

    @property
    def vocabulary(self) -> Vocabulary: ...

    @property
    def subwords(self) -> Subwords | None:
        """Splits texts into the vocabulary's subwords; None for a vocabulary of words."""

    @property
    def terms(self) -> list[str]:
        """The word n-grams of the training split, by descending document frequency."""

    def labels(self, split: str) -> np.ndarray:
        """Positions in ``classes``: int32 of shape (documents,)."""

    def groups(self, split: str) -> np.ndarray | None:
        """Groups of near-duplicates, numbered across splits: int of shape (documents,); None if there are none."""

    def texts(self, split: str) -> list[str]:
        """The raw texts."""

    def tokens(self, split: str) -> list[list[str]]:
        """The tokens of each text."""

    def ids(self, split: str) -> np.ndarray:
        """Token ids, padded at the end: int32 of shape (documents, length)."""

    def counts(self, split: str) -> Any:
        """How often each term occurs: sparse CSR float32 of shape (documents, terms)."""

    def join_splits(self, folder: Path) -> Features:
        """Features learned from all but the test split, joined as the training split.

        Args:
            folder: an empty folder to write them into.
        """


def compute_sample_weight(labels: np.ndarray, training: Training) -> np.ndarray | None:
    """The weight of each document, float32 of shape (documents,) with mean 1; None if all weigh the same.

    Args:
        labels: int array of shape (documents,).
        training: its ``class_weight`` is used.
    """
    if training.class_weight == "none":
        return None
    from sklearn.utils import class_weight  # main, which reads the class above, starts without it

    return class_weight.compute_sample_weight(training.class_weight, labels).astype("float32")
