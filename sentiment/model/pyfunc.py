"""A registered model at work: raw text in, label and score out.

The folder of this module is packaged with every model, under another name (:mod:`sentiment.search.packaging`). So its
modules import each other relatively.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException

from .families import Model, get_family
from .text.cleaning import Cleaner


class SentimentModel:
    """Classifies raw text.

    Args:
        cleaner: the :class:`Cleaner` of the training.
        classes: class names in the order of the model's probabilities.
        model: a fitted model of a family.
    """

    def __init__(self, cleaner: Cleaner, classes: list[str], model: Model) -> None:
        self.cleaner = cleaner
        self.classes = np.array(classes, dtype=object)
        self.model = model

    def predict(self, model_input: pd.DataFrame | list[str], params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Label texts.

        Args:
            model_input: DataFrame with one string column ``text``, or a list of texts.
            params: ``{"probabilities": True}`` adds a column ``probability_…`` for each class.

        Returns:
            DataFrame with ``label`` (str) and ``score`` (the probability of that label, float from 0 to 1), one row
            for each row of the input, in the same order.

        Raises:
            MlflowException: a row is not text, or is blank (status 400 from a server).
        """
        texts = require_texts(model_input)
        probabilities = self.predict_proba(texts)
        best = probabilities.argmax(axis=1)
        score = probabilities[np.arange(len(texts)), best]
        answer = pd.DataFrame({"label": self.classes[best], "score": score})
        if params and params.get("probabilities"):
            answer[[f"probability_{name}" for name in self.classes]] = probabilities
        return answer

    def predict_proba(self, texts: list[str]) -> np.ndarray:
        """Probabilities of the classes: float64 of shape (texts, classes)."""
        if not texts:
            return np.empty((0, len(self.classes)))
        if self.model.raw_text:
            return self.model.predict_proba(texts)
        return self.model.predict_proba([self.cleaner.tokens(text) for text in texts])

    def get_raw_model(self) -> SentimentModel:
        """This object, for MLflow's ``PyFuncModel.get_raw_model``."""
        return self


def save(folder: Path, family: str, cleaner: Cleaner, classes: list[str], model: Model) -> None:
    """Write a fitted model into an empty folder, for :func:`_load_pyfunc`."""
    settings = {"family": family, "cleaner": cleaner.as_dict(), "classes": classes}
    (folder / "model.json").write_text(json.dumps(settings, ensure_ascii=False), encoding="utf-8")
    model.save(folder)


def _load_pyfunc(path: str) -> SentimentModel:
    """MLflow's hook: the model from the folder that :func:`save` wrote."""
    folder = Path(path)
    settings = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    model = get_family(settings["family"]).load(folder)
    return SentimentModel(Cleaner(**settings["cleaner"]), settings["classes"], model)


def require_texts(model_input: pd.DataFrame | list[str]) -> list[str]:
    """The texts of a DataFrame with one column, or of a list.

    Raises:
        MlflowException: the column is not called ``text``, or a row has no text (status 400 from a server).
    """
    if isinstance(model_input, pd.DataFrame):
        # MLflow turns a list of texts into a column named 0.
        if list(model_input.columns) not in (["text"], [0], ["0"]):
            found = str(model_input.columns[0])[:100]
            raise MlflowException.invalid_parameter_value(
                f"expected one column named text, or a list of texts; got the column {found!r}"
            )
        texts = model_input.iloc[:, 0].tolist()
    else:
        texts = list(model_input)
    for place, text in enumerate(texts):
        if isinstance(text, np.ndarray) and text.ndim == 0:  # MLflow's form of a text in {"instances": [{"text": …}]}
            texts[place] = text = text.item()
        if not isinstance(text, str):
            missing = text is None or text is pd.NA or isinstance(text, float) and text != text
            what = "nothing" if missing else f"{type(text).__name__}: {text!r:.100}"
        elif not text or text.isspace():
            what = "a blank one"
        else:
            continue
        raise MlflowException.invalid_parameter_value(f"row {place + 1}: expected text, got {what}")
    return texts
