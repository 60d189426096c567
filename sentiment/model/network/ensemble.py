"""Networks that differ only in their seed, combined into one model."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..calibration import scale_temperature
from ..families import Family, Model
from ..space import Params
from ..training import Features, Training
from .prediction import calibrate

SETTINGS = "ensemble.json"


class Ensemble:
    """The mean of the members' probabilities (Lakshminarayanan et al. 2017), with a temperature of its own.

    Args:
        members: fitted models.
        temperature: calibrates the mean (:mod:`sentiment.model.calibration`); 1 leaves it unchanged.
    """

    def __init__(self, members: Sequence[Model], temperature: float = 1.0) -> None:
        self.members = members
        self.temperature = temperature
        self.raw_text = members[0].raw_text

    def predict_proba(self, documents: list) -> np.ndarray:
        return self._mean([member.predict_proba(documents) for member in self.members])

    def predict_split(self, features: Features, split: str) -> np.ndarray:
        return self._mean([member.predict_split(features, split) for member in self.members])

    def save(self, folder: Path) -> None:
        settings = {"members": len(self.members), "temperature": self.temperature}
        (folder / SETTINGS).write_text(json.dumps(settings), encoding="utf-8")
        for number, member in enumerate(self.members):
            (folder / str(number)).mkdir()
            member.save(folder / str(number))

    def _mean(self, probabilities: list[np.ndarray]) -> np.ndarray:
        return scale_temperature(np.mean(probabilities, axis=0), self.temperature)


def fit_ensemble(
    family: Family, first: Model, features: Features, params: Params, training: Training, count: int
) -> Ensemble:
    """Fit so many networks with consecutive seeds, calibrated together on the validation split.

    Args:
        family: the family that fits them.
        first: the fitted model of the first seed.
        features, params, training: as for :meth:`sentiment.model.families.Family.fit`.
        count: number of networks.
    """
    members = [first]
    for number in range(1, count):
        print(f"tune {family.name}: member {number + 1} of {count}", flush=True)
        with_its_seed = replace(training, seed=training.seed + number)
        members.append(family.fit(features, params, with_its_seed, lambda epoch, figures: None))
    ensemble = Ensemble(members)
    calibrate(ensemble, features, training)
    return ensemble


def is_ensemble(folder: Path) -> bool:
    """Whether an :class:`Ensemble` was saved in a folder."""
    return (folder / SETTINGS).exists()


def load_ensemble(folder: Path, load_member: Callable[[Path], Model]) -> Ensemble:
    """The ensemble that :meth:`Ensemble.save` wrote."""
    settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    members = [load_member(folder / str(number)) for number in range(settings["members"])]
    return Ensemble(members, settings["temperature"])
