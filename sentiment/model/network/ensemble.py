"""Networks of one family that differ in their seed alone, as one model."""

import json
from dataclasses import replace

import numpy as np

from ..calibration import at_temperature


class Ensemble:
    """The mean of the members' probabilities (Lakshminarayanan et al. 2017), at a temperature of its own.

    Args:
        members: list of fitted models.
        temperature: what calibrates the mean (:mod:`sentiment.model.calibration`); 1 leaves it as it is.
    """

    def __init__(self, members, temperature=1.0):
        self.members = members
        self.temperature = temperature
        self.raw_text = getattr(members[0], "raw_text", False)

    def predict_proba(self, documents):
        return self._mean([member.predict_proba(documents) for member in self.members])

    def predict_split(self, features, split):
        return self._mean([member.predict_split(features, split) for member in self.members])

    def save(self, folder):
        settings = {"members": len(self.members), "temperature": self.temperature}
        (folder / "ensemble.json").write_text(json.dumps(settings), encoding="utf-8")
        for number, member in enumerate(self.members):
            (folder / str(number)).mkdir()
            member.save(folder / str(number))

    def _mean(self, probabilities):
        return at_temperature(np.mean(probabilities, axis=0), self.temperature)


def fit(family, first, fit_member, features, point, training):
    """Fit ``training.members`` networks with seeds that follow one another.

    Args:
        family: its name, for the line that says how far it is.
        first: the fitted model of the first seed.
        fit_member: the family's ``fit`` (:func:`steps.models.trainer`).
        features: see :mod:`sentiment.model.families`; so are point and training.

    Returns:
        An :class:`Ensemble`, calibrated on the validation split.
    """
    from .training_loop import calibrate

    members = [first]
    for number in range(1, training.members):
        print(f"tune {family}: member {number + 1} of {training.members}", flush=True)
        of_its_own = replace(training, seed=training.seed + number)
        members.append(fit_member(features, point, of_its_own, lambda epoch, figures: None))
    ensemble = Ensemble(members)
    calibrate(ensemble, features, training)
    return ensemble


def load(folder, load_member):
    """The ensemble that :meth:`Ensemble.save` wrote; ``load_member`` is a function of a member's folder."""
    settings = json.loads((folder / "ensemble.json").read_text(encoding="utf-8"))
    members = [load_member(folder / str(number)) for number in range(settings["members"])]
    return Ensemble(members, settings["temperature"])
