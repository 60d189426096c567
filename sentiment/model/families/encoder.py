"""A pretrained sentence encoder (Reimers and Gurevych 2019), frozen, under a logistic regression."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..hub import HUB
from ..network.startup import start_tensorflow
from ..space import LogUniform, Params, Space
from . import Family, Model, OnEpoch

if TYPE_CHECKING:
    from ..training import Features, Training

SPACE: Space = {"C": LogUniform(0.01, 1000.0)}
DEFAULTS: Params = {"C": 10.0}
STARTS: tuple[Params, ...] = ({"C": 1.0}, {"C": 3.0}, {"C": 30.0}, {"C": 100.0})


class EncoderFamily(Family):
    """Embeds each text once with the encoder ``training.pretrained``; a trial only fits the head."""

    name = "encoder"
    options = ("pretrained",)
    requirements = ("tensorflow", "keras", "keras-hub", "tensorflow-text", "safetensors")
    starts = STARTS
    hub_prefix = HUB

    def search_space(self, training: Training) -> tuple[Space, Params]:
        return SPACE, DEFAULTS

    def prepare(self) -> None:
        start_tensorflow()

    def validate(self, training: Training) -> None:
        self.prepare()
        from ..network.checkpoints import load_embedder

        load_embedder(training.pretrained)

    def fit(self, features: Features, params: Params, training: Training, on_epoch: OnEpoch) -> Model:
        self.prepare()
        from ..sentence.fitting import fit_encoder_model

        return fit_encoder_model(features, params, training, on_epoch)

    def cross_validate(self, features: Features, params: Params, training: Training) -> float | None:
        from ..sentence.fitting import cross_validate

        return cross_validate(features, params, training)

    def refit(self, features: Features, params: Params, training: Training, model: Model) -> Model:
        from ..sentence.fitting import refit_encoder_model

        return refit_encoder_model(features, params, training)

    def load(self, folder: Path) -> Model:
        self.prepare()
        from ..sentence.model import load_encoder_model

        return load_encoder_model(folder)


FAMILY = EncoderFamily()
