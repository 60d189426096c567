"""The model ``classifier=blend``: a :class:`BlendedSVM` over n-grams and a lexicon, with probabilities."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from scipy.special import expit
from sklearn.calibration import CalibratedClassifierCV
from sklearn.utils import gen_batches

from ..folds import IN_MEMORY, PART, calibration_folds, stack_splits
from ..progress import show_progress
from ..text.chargrams import learn_grams, make_gram_weigher, select_frequent
from ..text.language import looks_english
from ..text.lexicon import COLUMNS, make_polarity_weigher
from ..text.ngrams import Documents, make_tail_counter, make_term_weigher, weigh_terms
from ..training import SEARCH_SPLITS, Features, compute_sample_weight
from .blended_svm import BlendedSVM
from .terms import select_terms_of
from .trainer import Trainer

ARRAYS = ("classes_", "scale_", "coef_", "intercept_")  # of a fitted BlendedSVM


class BlendTrainer(Trainer):
    """Fits a :class:`BlendModel`."""

    def fit(self) -> tuple[BlendModel, dict[str, np.ndarray]]:
        terms = self._terms
        grams, gram_weights = _weigh_grams(self._features)
        matrices = {
            split: join_columns(self._weights(split)[:, self._columns], gram_weights[split], self._polarity_of(split))
            for split in SEARCH_SPLITS
        }
        labels = self._features.labels("train")
        folds = calibration_folds(labels, self._features.groups("train"), self._training.seed)
        calibrated = CalibratedClassifierCV(self._svm(len(terms)), cv=folds, ensemble=False)
        calibrated.fit(matrices["train"], labels, compute_sample_weight(labels, self._training))
        (inside,) = calibrated.calibrated_classifiers_
        slopes, offsets = np.array([(sigmoid.a_, sigmoid.b_) for sigmoid in inside.calibrators]).T
        model = BlendModel(
            terms, grams, inside.estimator, slopes, offsets, self._params["tail_weight"], self._reads_lexicon
        )
        return model, {split: model.predict_matrix(matrix) for split, matrix in matrices.items()}

    def fold(self, inside: np.ndarray, outside: np.ndarray) -> tuple[BlendedSVM, Any, Any]:
        columns = select_terms_of(self._counts[inside], self._orders, self._params)
        grams = select_frequent(np.bincount(self._grams[inside].indices, minlength=self._grams.shape[1]))
        train, test = (
            join_columns(self._all_weights[rows][:, columns], self._grams[rows][:, grams], self._polarity[rows])
            for rows in (inside, outside)
        )
        return self._svm(len(columns)), train, test

    @cached_property
    def _all_weights(self) -> Any:
        return stack_splits(self._weights)

    @cached_property
    def _grams(self) -> Any:
        return stack_splits(_weigh_grams(self._features)[1].__getitem__)

    @cached_property
    def _polarity(self) -> Any:
        return stack_splits(self._polarity_of)

    @cached_property
    def _reads_lexicon(self) -> bool:
        return self._params["lexicon"] == "vader" and _is_english(self._features)

    def _weights(self, split: str) -> Any:
        """The weights of all terms in a split (:func:`weigh_terms`)."""
        tail_weight = self._params["tail_weight"]
        in_tail = _count_second_halves(self._features)[split] if tail_weight else None
        return weigh_terms(self._features.counts(split), in_tail, tail_weight)

    def _polarity_of(self, split: str) -> Any:
        """The columns of the lexicon for a split; none without it."""
        if self._reads_lexicon:
            return _weigh_lexicon(self._features)[split]
        return sparse.csr_array((len(self._features.labels(split)), 0))

    def _svm(self, words: int) -> BlendedSVM:
        params = self._params
        return BlendedSVM(
            words,
            params["word_weighting"],
            params["C"],
            params["alpha"],
            params["char_share"],
            COLUMNS if self._reads_lexicon else 0,
            random_state=self._training.seed,
        )


class BlendModel:
    """A :class:`BlendedSVM` with probabilities, over some word n-grams, some character n-grams and a lexicon.

    Args:
        terms: the word n-grams.
        grams: the character n-grams.
        svm: the fitted :class:`BlendedSVM`.
        slopes: of Platt's sigmoid, float64 of shape (1 or classes,).
        offsets: the same.
        tail_weight: see :func:`sentiment.model.text.ngrams.weigh_terms`.
        reads_lexicon: whether the last columns are those of :func:`sentiment.model.text.lexicon.make_polarity_weigher`.
    """

    FITTED = "blend.npz"
    raw_text = False

    def __init__(
        self,
        terms: list[str],
        grams: list[str],
        svm: BlendedSVM,
        slopes: np.ndarray,
        offsets: np.ndarray,
        tail_weight: float,
        reads_lexicon: bool,
    ) -> None:
        self.terms = terms
        self.grams = grams
        self.svm = svm
        self.slopes = slopes
        self.offsets = offsets
        self.tail_weight = tail_weight
        self.reads_lexicon = reads_lexicon
        self._weigh_terms = make_term_weigher(terms, tail_weight)
        self._weigh_grams = make_gram_weigher(grams)
        if reads_lexicon:
            self._weigh_polarity = make_polarity_weigher()

    def predict_proba(self, documents: list) -> np.ndarray:
        return self.predict_matrix(self._encode(documents))

    def predict_split(self, features: Features, split: str) -> np.ndarray:
        if len(features.labels(split)) <= IN_MEMORY:
            return self.predict_proba(features.tokens(split))
        return self.to_probabilities(self.score_split(features, split))

    def predict_matrix(self, matrix: Any) -> np.ndarray:
        """Probabilities for a matrix of :func:`join_columns`, shape (documents, terms + grams + lexicon)."""
        return self.to_probabilities(self.svm.decision_function(matrix))

    def score_split(self, features: Features, split: str) -> np.ndarray:
        """The SVM's ``decision_function`` for a split, which is read a part at a time."""
        parts = read_parts(features, split, "predicting")
        return np.concatenate([self.svm.decision_function(self._encode(documents)) for documents in parts])

    def to_probabilities(self, scores: np.ndarray) -> np.ndarray:
        """Probabilities for scores of the SVM's ``decision_function``: float64 of shape (documents, classes)."""
        scores = scores.reshape(len(scores), -1)
        positive = expit(-(self.slopes * scores + self.offsets))
        if positive.shape[1] == 1:
            return np.hstack([1 - positive, positive])
        return positive / positive.sum(axis=1, keepdims=True)

    def save(self, folder: Path) -> None:
        for name in ("terms", "grams"):
            text = json.dumps(getattr(self, name), ensure_ascii=False)
            (folder / f"{name}.json").write_text(text, encoding="utf-8")
        arrays = {name: getattr(self.svm, name) for name in ARRAYS}
        arrays |= {"share": np.array(self.svm.share), "tail_weight": np.array(self.tail_weight)}
        arrays["reads_lexicon"] = np.array(self.reads_lexicon)
        arrays |= {"slopes": self.slopes, "offsets": self.offsets}
        np.savez(folder / self.FITTED, **arrays)

    @classmethod
    def load(cls, folder: Path) -> BlendModel:
        """The model that :meth:`save` wrote."""
        terms, grams = (
            json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in ("terms", "grams")
        )
        with np.load(folder / cls.FITTED) as arrays:
            reads_lexicon = bool(arrays["reads_lexicon"])
            extra = COLUMNS if reads_lexicon else 0
            svm = BlendedSVM(len(terms), share=float(arrays["share"]), unscaled=extra)
            for name in ARRAYS:
                setattr(svm, name, arrays[name])
            svm.n_features_in_ = len(terms) + len(grams) + extra
            tail_weight = float(arrays["tail_weight"])
            return cls(terms, grams, svm, arrays["slopes"], arrays["offsets"], tail_weight, reads_lexicon)

    def _encode(self, documents: list) -> Any:
        parts = [self._weigh_terms(documents), self._weigh_grams(documents)]
        if self.reads_lexicon:
            parts.append(self._weigh_polarity(documents))
        return join_columns(*parts)


def read_parts(features: Features, split: str, what: str) -> Iterator[Documents]:
    """The tokens of a split, ``PART`` documents at a time, with a progress bar that says what is done with them."""
    texts, tokens = features.texts(split), features.cleaner.tokens
    with show_progress(f"simple: {what} {split}", len(texts), "text") as bar:
        for rows in gen_batches(len(texts), PART):
            documents = [tokens(text) for text in texts[rows]]
            yield documents
            bar.update(len(documents))


def join_columns(*parts: Any) -> Any:
    """Weights of word n-grams, of character n-grams and of the lexicon, side by side."""
    return sparse.hstack(parts, format="csr")


@lru_cache(maxsize=1)  # all trials of a search read it
def _weigh_grams(features: Features) -> tuple[list[str], dict[str, Any]]:
    """The character n-grams of the training split, and their weights in both splits."""
    grams = learn_grams(features.tokens("train"))
    weigh = make_gram_weigher(grams)
    return grams, {split: weigh(features.tokens(split)) for split in SEARCH_SPLITS}


@lru_cache(maxsize=1)
def _count_second_halves(features: Features) -> dict[str, Any]:
    """Counts of all terms in the second halves of both splits' texts."""
    count = make_tail_counter(features.terms)
    return {split: count(features.tokens(split)) for split in SEARCH_SPLITS}


@lru_cache(maxsize=1)
def _weigh_lexicon(features: Features) -> dict[str, Any]:
    """The columns of the lexicon for both splits' texts."""
    weigh = make_polarity_weigher()
    return {split: weigh(features.tokens(split)) for split in SEARCH_SPLITS}


@lru_cache(maxsize=1)
def _is_english(features: Features) -> bool:
    """Whether the corpus is in the lexicon's language: in others its columns would be noise."""
    return looks_english(features.texts("train"))
