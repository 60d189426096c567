"""A registered model that scores texts, among them some that it cannot."""

import re
from itertools import chain

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from sentiment.errors import UserError
from sentiment.registry import promotions

CHARACTERS = 2_000_000  # that a model is given at a time, for the memory's sake


class Scorer:
    """Loads a model that takes raw text and gives label and score.

    Args:
        uri: URI of the model.

    Attributes:
        version: its registered version, a str such as ``sentiment version 3``; the URI where it is none.

    Raises:
        UserError: there is no such model, or it cannot be loaded.
    """

    def __init__(self, uri):
        self.uri, self.version = resolved(uri)
        try:
            self._model = mlflow.pyfunc.load_model(self.uri)
        except (MlflowException, OSError, ImportError) as error:
            raise UserError(f"model={uri} cannot be loaded: {error}") from error
        self._asked = False

    def score(self, texts):
        """Label texts.

        Args:
            texts: list of str, None for rows that have none.

        Returns:
            A tuple of three lists as long: labels, scores, and why there is none, in words; None where there is nothing.

        Raises:
            UserError: the model scores none of the first texts that it is given.
        """
        places = [place for place, text in enumerate(texts) if text is not None]
        whole = len(places) == len(texts)
        parts = _portions(texts if whole else [texts[place] for place in places])
        answers = tuple(list(chain(*found)) for found in zip(*map(self._score, parts)))
        if places and not self._asked:
            if all(reasons := answers[2]):
                raise UserError(f"{self.uri} scores none of the first {len(places)} texts: {reasons[0]}")
            self._asked = True
        return answers if whole else tuple(_spread(answer, places, len(texts)) for answer in answers)

    def _score(self, texts):
        """Score texts together, and where the model fails, each half of them."""
        if not texts:
            return [], [], []
        try:
            answer = self._model.predict(pd.DataFrame({"text": texts}))
            labels, scores = answer["label"].tolist(), answer["score"].tolist()
        except Exception as error:  # whatever a model makes of a text costs that row alone, which says what it was
            if len(texts) == 1:
                return [None], [None], [f"the model fails: {type(error).__name__}: {error}"[:500]]
            half = len(texts) // 2
            return tuple(first + second for first, second in zip(self._score(texts[:half]), self._score(texts[half:])))
        return labels, scores, [None] * len(texts)


def _portions(texts):
    """The texts in lists of at most ``CHARACTERS``, or of one text; at least one list."""
    portions, size = [[]], 0
    for text in texts:
        size += len(text)
        if size > CHARACTERS and portions[-1]:
            portions.append([])
            size = len(text)
        portions[-1].append(text)
    return portions


def _spread(values, places, count):
    """A list with values at some places and None at the others."""
    spread = [None] * count
    for place, value in zip(places, values):
        spread[place] = value
    return spread


def resolved(uri):
    """A model's URI with its present version in place of an alias, and what to call it.

    Raises:
        UserError: there is no such registered model, version or alias.
    """
    match = re.fullmatch(r"models:/([^/@]+)(?:@([^/@]+)|/(\d+))", uri)
    if not match:
        return uri, uri
    name, alias, version = match.groups()
    try:
        found = (
            MlflowClient().get_model_version_by_alias(name, alias)
            if alias
            else MlflowClient().get_model_version(name, version)
        )
    except MlflowException as error:
        hint = (
            "run `mlflow run .` first, or name a model with -P model="
            if alias == promotions.CHAMPION
            else "expected one that is there"
        )
        raise UserError(f"{uri}: there is no such model at {mlflow.get_tracking_uri()}: {hint}") from error
    return f"models:/{name}/{found.version}", f"{name} version {found.version}"
