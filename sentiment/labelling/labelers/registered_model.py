"""A registered model, of this project or another one, that takes raw text and returns label and score."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from sentiment.errors import UserError
from sentiment.labelling.labelers import in_portions
from sentiment.registry.versions import resolve_uri

if TYPE_CHECKING:
    import numpy as np

EXPECTED = "a registered model such as models:/sentiment@champion or models:/sentiment/3"
REQUIREMENTS = ()


def matches(name: str) -> bool:
    return name.startswith("models:/")


def resolve(name: str) -> str:
    version = resolve_uri(name, "label_by")[0]
    if not re.fullmatch(r"models:/[^/@]+/\d+", version):
        raise UserError(f"label_by={name}: expected {EXPECTED}")
    return version


def digest(name: str) -> str | None:
    from mlflow import MlflowClient

    registered, version = name.removeprefix("models:/").split("/")
    return f"{name} {MlflowClient().get_model_version(registered, version).source}"  # numbers return after a deletion


def training_texts(name: str) -> Collection[str]:
    """Those of the dataset that a version of this project was trained on."""
    from sentiment.registry import comparable_rows

    return comparable_rows.training_texts(name)


def rate(name: str, texts: Sequence[str]) -> np.ndarray:
    """The score of the label, negated if it is negative, and 0 if it is neutral.

    The model is loaded in its own process, since models of some families cannot share one.

    Raises:
        UserError: the model cannot be used, or its labels are not polarities.
    """
    from sentiment.evaluation.measure import in_own_process

    return in_own_process(rate_by_model, name, texts)


def rate_by_model(uri: str, texts: Sequence[str]) -> np.ndarray:
    """:func:`rate`, in this process."""
    import numpy as np
    import pandas as pd
    from mlflow.exceptions import MlflowException

    from sentiment.labelling.classes import polarity_of
    from sentiment.results import load_model

    found = [np.empty(0)]
    try:
        model = load_model(uri)
        for part in in_portions(uri, texts):
            answer = model.predict(pd.DataFrame({"text": part}))
            signs = answer["label"].map({label: polarity_of(uri, label) for label in answer["label"].unique()})
            found.append((signs * answer["score"]).to_numpy(np.float64))
    except (MlflowException, OSError, ImportError, KeyError, TypeError) as error:
        raise UserError(f"label_by={uri} returns no label and score: {type(error).__name__}: {error}") from error
    return np.concatenate(found)
