"""Models of several families as one: the weighted mean of their probabilities.

Each member keeps its own folder and the code that it was logged with, which may be of an earlier version.
"""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from .pyfunc import SentimentModel

SETTINGS = "ensemble.json"


@dataclass(frozen=True)
class Member:
    """A member of a saved ensemble.

    Args:
        family: its family, the name of its folder.
        weight: above 0; those of all members sum to 1.
        loader: the module, of its own code, whose ``_load_pyfunc`` loads it.
    """

    family: str
    weight: float
    loader: str


class Ensemble(SentimentModel):
    """Classifies raw text with all its members.

    Args:
        members: models with the same classes, in the same order.
        weights: of the members, above 0, with sum 1.
    """

    def __init__(self, members: Sequence[SentimentModel], weights: Sequence[float]) -> None:
        self.members = members
        self.weights = weights
        self.classes = members[0].classes

    def predict_proba(self, texts: list[str]) -> np.ndarray:
        return pool(np.array([member.predict_proba(texts) for member in self.members]), self.weights)


def pool(probabilities: np.ndarray, weights: Sequence[float] | np.ndarray) -> np.ndarray:
    """The weighted mean of probabilities: the linear opinion pool (Genest and Zidek 1986).

    Args:
        probabilities: float array of shape (members, documents, classes).
        weights: of the members, not negative, with sum 1.

    Returns:
        Float64 array of shape (documents, classes), whose rows sum to 1.
    """
    return np.tensordot(weights, probabilities, axes=1)


def save(folder: Path, members: Sequence[Member], files: Sequence[Path]) -> None:
    """Write an ensemble into an empty folder, for :func:`_load_pyfunc`.

    Args:
        folder: the folder.
        members: its members.
        files: the folder of each member's model, as its loader takes it.
    """
    (folder / SETTINGS).write_text(json.dumps([asdict(member) for member in members]), encoding="utf-8")
    for member, source in zip(members, files):
        shutil.copytree(source, folder / member.family)


def _load_pyfunc(path: str) -> Ensemble:
    """MLflow's hook: the ensemble from the folder that :func:`save` wrote."""
    folder = Path(path)
    members = [Member(**member) for member in json.loads((folder / SETTINGS).read_text(encoding="utf-8"))]
    loaders = [importlib.import_module(member.loader) for member in members]
    models = [loader._load_pyfunc(str(folder / member.family)) for loader, member in zip(loaders, members)]
    return Ensemble(models, [member.weight for member in members])
