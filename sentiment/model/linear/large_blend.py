"""``classifier=blend`` for more documents than ``IN_MEMORY``: the same model, fitted a part of them at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import gen_batches

from ..folds import PART
from ..text.chargrams import CountedWords
from ..text.lexicon import make_polarity_weigher
from ..text.ngrams import Documents, make_tail_counter, weigh_terms
from ..training import compute_sample_weight
from ..validation import fit_sigmoids
from .blend import BlendModel, BlendTrainer, join_columns, read_parts
from .blended_svm import BlendedSVM
from .nb_svm import log_ratio
from .parts import MatrixParts, fit_svm


class LargeBlendTrainer(BlendTrainer):
    """As :class:`BlendTrainer`. Its probabilities are calibrated on the validation split, without a cross-validation.

    Only the words of each document are kept, not their n-grams: those of 640,000 texts of 20 words are 2 GB.
    """

    def fit(self) -> tuple[BlendModel, dict[str, np.ndarray]]:
        terms = self._terms
        labels = self._features.labels("train")
        weights = self._weigh_documents(labels)
        self._tails: list[Any] = []
        self._polarities: list[Any] = []
        self._words = CountedWords(self._read_documents(terms))
        svm = self._svm(len(terms))
        problems = [labels == positive for positive in svm.set_classes(labels)]
        svm.scale_ = self._weigh_columns(svm, problems, weights)
        svm.n_features_in_ = svm.scale_.shape[1]
        fitted = [self._fit_problem(svm, number, positive, weights) for number, positive in enumerate(problems)]
        svm.coef_ = np.vstack([found for found, _, _ in fitted])
        svm.intercept_ = np.array([intercept for _, intercept, _ in fitted])
        none = np.empty(0)
        tail_weight = self._params["tail_weight"]
        model = BlendModel(terms, self._words.grams, svm, none, none, tail_weight, self._reads_lexicon)
        scores = model.score_split(self._features, "validation")
        model.slopes, model.offsets = self._calibrate(svm, scores)
        train = np.column_stack([found for _, _, found in fitted])
        return model, {"train": model.to_probabilities(train), "validation": model.to_probabilities(scores)}

    def _weigh_documents(self, labels: np.ndarray) -> np.ndarray:
        weights = compute_sample_weight(labels, self._training)
        return np.ones(len(labels)) if weights is None else weights.astype(np.float64)

    def _read_documents(self, terms: list[str]) -> Iterator[Documents]:
        """The tokens of the training split, a part at a time; keeps the columns of lexicon and second halves."""
        count_tail = make_tail_counter(terms) if self._params["tail_weight"] else None
        weigh_polarity = make_polarity_weigher() if self._reads_lexicon else None
        for documents in read_parts(self._features, "train", "reading"):
            if count_tail:
                self._tails.append(count_tail(documents))
            no_columns = sparse.csr_array((len(documents), 0))
            self._polarities.append(weigh_polarity(documents) if weigh_polarity else no_columns)
            yield documents

    def _weights_of_parts(self) -> Iterator[tuple[slice, Any]]:
        """The rows of each part, and the weights of their word n-grams, character n-grams and lexicon."""
        counts = self._features.counts("train")
        for number, rows in enumerate(gen_batches(counts.shape[0], PART)):
            in_tail = self._tails[number] if self._tails else None
            of_terms = weigh_terms(counts[rows][:, self._columns], in_tail, self._params["tail_weight"])
            yield rows, join_columns(of_terms, self._words.weigh(rows), self._polarities[number])

    def _weigh_columns(self, svm: BlendedSVM, problems: list[np.ndarray], weights: np.ndarray) -> np.ndarray:
        """``scale_`` of the SVM; see :meth:`BlendedSVM.fit`."""
        words = len(self._columns)
        document_frequency: Any = 0
        inside: Any = 0
        outside: Any = 0
        for rows, matrix in self._weights_of_parts():
            document_frequency = document_frequency + np.bincount(matrix.nonzero()[1], minlength=matrix.shape[1])
            present = (matrix[:, :words] > 0).astype(np.float64)
            within = np.array([positive[rows] * weights[rows] for positive in problems])
            inside = inside + within @ present
            outside = outside + (weights[rows] - within) @ present
        ratios = [] if svm.weighting == "tfidf" else [log_ratio(*counts, svm.alpha) for counts in zip(inside, outside)]
        return svm.weigh_columns(document_frequency, len(weights), ratios, len(problems))

    def _fit_problem(
        self, svm: BlendedSVM, number: int, positive: np.ndarray, weights: np.ndarray
    ) -> tuple[np.ndarray, float, np.ndarray]:
        """The coefficients, the intercept and the scores of the training split in one of the binary problems."""
        with tempfile.TemporaryDirectory() as folder:
            parts = MatrixParts(Path(folder))
            for _, matrix in self._weights_of_parts():
                parts.append(svm.scale(matrix, svm.scale_[number]))
            coefficients, intercept = fit_svm(parts, positive, weights, svm.n_features_in_, svm.C, "simple: fitting")
            scores = [matrix @ coefficients.astype(np.float32) + intercept for _, matrix in parts]
        return coefficients, intercept, np.concatenate(scores)

    def _calibrate(self, svm: BlendedSVM, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The slopes and offsets of Platt's sigmoid, from the scores of the validation split."""
        labels = self._features.labels("validation")
        weights = self._weigh_documents(labels)
        scores = scores.reshape(len(scores), -1)
        positive_classes = svm.classes_[-scores.shape[1] :]
        sigmoids = fit_sigmoids(scores, labels, positive_classes, weights)
        slopes, offsets = np.array([(sigmoid.a_, sigmoid.b_) for sigmoid in sigmoids]).T
        return slopes, offsets
