"""A registered model that scores texts, one of which may fail without the others."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.pyfunc import PyFuncModel

from sentiment.errors import UserError
from sentiment.registry.versions import resolve_uri
from sentiment.results import load_model

CHARACTERS = 2_000_000  # given to a model at a time, which bounds its memory

Scored = list[list[Any]]  # a list for each of Scorer.columns, with an entry for each text


class Scorer:
    """Loads a model that takes raw text and returns label and score.

    Args:
        uri: URI of the model.
        probabilities: whether to give the probability of each class, too.

    Attributes:
        columns: names of what a text gets: label, score (0 to 1), the probabilities, and the reason why it has none.
        uri: the URI, with the current version in place of an alias.
        version: its registered version, such as ``sentiment version 3``; the URI if it is not registered.
        classes: :func:`classes_of` the model.

    Raises:
        UserError: there is no such model, it cannot be loaded, or it gives no probabilities.
    """

    def __init__(self, uri: str, probabilities: bool = False) -> None:
        self.uri, self.version = resolve_uri(uri)
        try:
            self._model = load_model(self.uri)
        except (UserError, MlflowException, OSError, ImportError) as error:
            raise UserError(f"model={uri} cannot be loaded: {error}") from error
        self.classes = classes_of(self._model)
        self._has_scored = False
        self._params = {"probabilities": True} if probabilities else None
        self._given = ["label", "score"]
        if probabilities:
            columns = list(self._model.predict(pd.DataFrame({"text": ["any"]}), self._params).columns)
            if len(columns) == len(self._given):
                raise UserError(f"model={uri} returns a score but no probabilities: leave out probabilities=true")
            self._given = columns
        self.columns = [*self._given, "reason"]

    def score(self, texts: Sequence[str | None]) -> Scored:
        """Label texts.

        Args:
            texts: None for rows that have no text.

        Returns:
            A list as long as ``texts`` for each of ``columns``, with None if there is nothing.

        Raises:
            UserError: the model fails on every text of the first call.
        """
        places = [place for place, text in enumerate(texts) if text is not None]
        given = [text for text in texts if text is not None]
        scored = [list(chain(*parts)) for parts in zip(*map(self._score, _portions(given)))]
        if given and not self._has_scored:
            reasons = scored[-1]
            if all(reasons):
                raise UserError(f"{self.uri} scores none of the first {len(given)} texts: {reasons[0]}")
            self._has_scored = True
        return scored if len(given) == len(texts) else [_scatter(column, places, len(texts)) for column in scored]

    def _score(self, texts: list[str]) -> Scored:
        """Score texts together, and if the model fails, each half of them."""
        if not texts:
            return [[] for _ in self.columns]
        try:
            answer = self._model.predict(pd.DataFrame({"text": texts}), self._params)
            return [*(answer[name].tolist() for name in self._given), [None] * len(texts)]
        except Exception as error:  # a text on which the model fails only costs its own row
            if len(texts) == 1:
                return [*([None] for _ in self._given), [f"the model fails: {type(error).__name__}: {error}"[:500]]]
            half = len(texts) // 2
            return [first + second for first, second in zip(self._score(texts[:half]), self._score(texts[half:]))]


def classes_of(model: PyFuncModel) -> list[str]:
    """The class names of a loaded model; empty for one from elsewhere that does not have them."""
    try:
        raw = model.get_raw_model()
    except NotImplementedError:
        return []
    if hasattr(raw, "classes"):
        return list(raw.classes)
    config = getattr(getattr(raw, "model", None), "config", None)  # of a pipeline of transformers
    return sorted(config.id2label.values()) if config else []


def _portions(texts: list[str]) -> list[list[str]]:
    """The texts in lists of at most ``CHARACTERS``, or of one text; at least one list."""
    portions: list[list[str]] = [[]]
    size = 0
    for text in texts:
        size += len(text)
        if size > CHARACTERS and portions[-1]:
            portions.append([])
            size = len(text)
        portions[-1].append(text)
    return portions


def _scatter(values: list[Any], places: list[int], count: int) -> list[Any]:
    """A list of ``count`` values that has the given ones at their places, and None elsewhere."""
    scattered = [None] * count
    for place, value in zip(places, values):
        scattered[place] = value
    return scattered
