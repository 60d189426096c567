"""The base of the families that Keras trains: TensorFlow's start, and ensembles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..families import Family, Model
from ..space import Params
from .startup import start_tensorflow

if TYPE_CHECKING:
    from ..training import Features, Training


class KerasFamily(Family):
    """A subclass has ``search_space``, ``fit``, and ``load_network`` for a single network."""

    options: tuple[str, ...] = ("members",)
    trains_in_epochs = True
    default_trials = 2  # five are no better if only five epochs are trained (docs/explanation/defaults.md)
    requirements: tuple[str, ...] = ("tensorflow", "keras")

    def prepare(self) -> None:
        start_tensorflow()

    def fit_members(self, features: Features, params: Params, training: Training, models: Sequence[Model]) -> Model:
        members = self.count_members(training)
        if members == 1:
            return models[0]
        from .ensemble import fit_ensemble

        return fit_ensemble(self, models, features, params, training, members)

    def refit(self, features: Features, params: Params, training: Training, model: Model) -> Model | None:
        """The same networks, calibrated on both halves of the validation split (docs/explanation/defaults.md)."""
        from .prediction import calibrate_again

        return calibrate_again(model, features, training)

    def load(self, folder: Path) -> Model:
        self.prepare()
        from .ensemble import is_ensemble, load_ensemble

        return load_ensemble(folder, self.load_network) if is_ensemble(folder) else self.load_network(folder)

    def load_network(self, folder: Path) -> Model:
        """The model that a single network's ``save`` wrote."""
        raise NotImplementedError
