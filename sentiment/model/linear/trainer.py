"""The base of the linear models' trainers: the terms that a fit reads, and the counts of both splits."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin

from ..folds import stack_splits
from ..space import Params
from ..training import Features, Training
from .terms import select_terms


class Trainer:
    """Fits one kind of linear model with some hyperparameters on some features.

    Attributes:
        calibrates: whether the model's probabilities are calibrated.
    """

    def __init__(self, features: Features, params: Params, training: Training) -> None:
        self._features = features
        self._params = params
        self._training = training

    @property
    def calibrates(self) -> bool:
        return True

    def fit(self) -> tuple[Any, dict[str, np.ndarray]]:
        """The model fitted on the training split, and its probabilities for training and validation split."""
        raise NotImplementedError

    def fold(self, inside: np.ndarray, outside: np.ndarray) -> tuple[ClassifierMixin, Any, Any]:
        """An unfitted classifier and its inputs for one fold of a cross-validation.

        Everything that is learned from documents, such as which n-grams are used, is learned only from ``inside``.

        Args:
            inside: rows to fit on, out of training and validation split together.
            outside: rows to predict.
        """
        raise NotImplementedError

    @cached_property
    def _columns(self) -> list[int]:
        """Columns of the features' counts that a model of the training split reads."""
        return select_terms(self._features.terms, self._params)

    @property
    def _terms(self) -> list[str]:
        return [self._features.terms[column] for column in self._columns]

    @cached_property
    def _counts(self) -> Any:
        return stack_splits(self._features.counts)

    @cached_property
    def _orders(self) -> np.ndarray:
        """The number of words in each term, int array of shape (terms,)."""
        return np.array([term.count(" ") + 1 for term in self._features.terms])
