"""A pretrained encoder (Devlin et al. 2019 and later), fine-tuned. It reads raw text with its own tokenizer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..hub import HUB
from ..network.keras_family import KerasFamily
from ..space import LogUniform, Params, Space, Uniform
from . import Model, OnEpoch

if TYPE_CHECKING:
    from ..training import Features, Training

SPACE: Space = {
    "dropout": Uniform(0.0, 0.5),
    "learning_rate": LogUniform(1e-5, 3e-4),
    "weight_decay": LogUniform(1e-4, 1e-1),
}
DEFAULTS: Params = {"dropout": 0.1, "learning_rate": 5e-5, "weight_decay": 1e-2}


class FinetunedFamily(KerasFamily):
    """Fine-tunes the encoder ``training.pretrained``."""

    name = "finetuned"
    options = (*KerasFamily.options, "pretrained")
    requirements = (*KerasFamily.requirements, "keras-hub", "tensorflow-text", "safetensors")
    hub_prefix = HUB

    def search_space(self, training: Training) -> tuple[Space, Params]:
        return SPACE, DEFAULTS

    def validate(self, training: Training) -> None:
        self.prepare()
        from ..network.checkpoints import load_checkpoint

        load_checkpoint(training.pretrained)

    def fit(self, features: Features, params: Params, training: Training, on_epoch: OnEpoch) -> Model:
        self.prepare()
        from ..network.finetuned import fit_finetuned

        return fit_finetuned(features, params, training, on_epoch)

    def load_network(self, folder: Path) -> Model:
        from ..network.finetuned import load_finetuned

        return load_finetuned(folder)


FAMILY = FinetunedFamily()
