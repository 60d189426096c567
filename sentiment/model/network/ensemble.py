"""Networks of different seeds and hyperparameters, combined into one model."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..calibration import fit_temperature, log_losses, scale_temperature
from ..families import Family, Model
from ..space import Params
from ..training import Features, Training, compute_sample_weight

SETTINGS = "ensemble.json"


class NetworkEnsemble:
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
    family: Family, models: Sequence[Model], features: Features, params: Params, training: Training, count: int
) -> NetworkEnsemble:
    """``count`` networks, calibrated together on the validation split: of trials, then of further seeds.

    The best trial's is a member; the others', best first, are added unless they raise the log loss of the mean on the
    validation split by more than a standard error (Caruana et al. 2004, section 2, without replacement).

    Args:
        family: the family that fits networks.
        models: of the best trials, the best first.
        features, params, training: as for :meth:`sentiment.model.families.Family.fit_members`.
        count: number of networks.
    """
    labels = features.labels("validation")
    weights = compute_sample_weight(labels, training)

    def losses(predicted: Sequence[np.ndarray]) -> np.ndarray:
        """Each text's log loss under the calibrated mean of some predictions."""
        mean = np.mean(predicted, axis=0)
        calibrated = scale_temperature(mean, fit_temperature(mean, labels, weights))
        return log_losses(calibrated, labels) * (1 if weights is None else weights)

    members, predicted = [models[0]], [models[0].predict_split(features, "validation")]
    for model in models[1:]:
        with_it = [*predicted, model.predict_split(features, "validation")]
        raised = losses(with_it) - losses(predicted)
        if raised.mean() <= raised.std() / math.sqrt(len(raised)):
            members.append(model)
            predicted = with_it
    for number in range(count - len(members)):
        print(f"tune {family.name}: member {len(members) + 1} of {count}", flush=True)
        with_its_seed = replace(training, seed=training.seed + number)
        members.append(family.fit(features, params, with_its_seed, lambda epoch, figures: None))
        predicted.append(members[-1].predict_split(features, "validation"))
    return NetworkEnsemble(members, fit_temperature(np.mean(predicted, axis=0), labels, weights))


def is_ensemble(folder: Path) -> bool:
    """Whether a :class:`NetworkEnsemble` was saved in a folder."""
    return (folder / SETTINGS).exists()


def load_ensemble(folder: Path, load_member: Callable[[Path], Model]) -> NetworkEnsemble:
    """The ensemble that :meth:`NetworkEnsemble.save` wrote."""
    settings = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
    members = [load_member(folder / str(number)) for number in range(settings["members"])]
    return NetworkEnsemble(members, settings["temperature"])
