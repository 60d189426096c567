"""The families of models, one module each.

To add a family, write its module with an object ``FAMILY`` that has what :class:`Family` asks for, and add the module's
name to ``MODULES``. Neither this package nor the top level of a family's module imports numpy, scikit-learn or
TensorFlow: steps that only need a family's name or search space start without them.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ...errors import UserError

if TYPE_CHECKING:
    import numpy as np

    from ..space import Params, Space
    from ..training import Features, Training

# The registry: names of the modules in this folder, which are the names of the families.
MODULES = ("dense", "encoder", "finetuned", "lstm", "pipeline", "simple", "transformer")

# The name in a comparison of the pool of several families (:mod:`sentiment.model.ensemble`), not a family itself.
ENSEMBLE = "ensemble"

OnEpoch = Callable[[int, dict[str, float]], None]


class Model(Protocol):
    """A fitted model. Probabilities are float64 of shape (documents, classes), with rows that sum to 1."""

    @property
    def raw_text(self) -> bool:
        """Whether ``predict_proba`` takes raw texts (list of str) instead of tokens (list of lists of str)."""

    def predict_proba(self, documents: list) -> np.ndarray: ...

    def predict_split(self, features: Features, split: str) -> np.ndarray:
        """Probabilities for an encoded split."""

    def save(self, folder: Path) -> None:
        """Write the model into an empty folder, for the family's ``load``."""


class Family(Protocol):
    """A family of models. Subclass it to inherit the defaults of optional members.

    Attributes:
        name: its name, and its module's.
        options: which of the parameters embedding, embedding_file, pretrained and members it understands.
        trains_in_epochs: whether Keras trains it, epoch by epoch. Then trials can be pruned, Keras Tuner can tune it,
            and a process per trial pays off.
        reads_ngrams: whether its fits read the counts of n-grams.
        default_trials: number of trials of a search if none is given.
        default_members: networks in the final model if ``members`` is 0.
        own_process: whether its models cannot be loaded in a process that has loaded models of other families.
        requirements: names of the packages that its fits and served models depend on.
        search_texts: training texts above which trials are fitted on a sample of that size, and the best
            hyperparameters then on all. None if each trial reads all.
        starts: further points that a search starts from: the hyperparameters in which each differs from the first one.
        hub_prefix: prefix of the name of a checkpoint on the Hugging Face hub; None if it loads none from there.
    """

    name: str
    options: tuple[str, ...] = ()
    trains_in_epochs: bool = False
    reads_ngrams: bool = False
    default_trials: int = 5
    default_members: int = 1
    own_process: bool = False
    requirements: tuple[str, ...] = ()
    search_texts: int | None = None
    starts: tuple[Params, ...] = ()
    hub_prefix: str | None = None

    def search_space(self, training: Training) -> tuple[Space, Params]:
        """The search space, and the hyperparameters that a search starts from: a value for each, active or not."""

    def packages(self, features: Features) -> tuple[str, ...]:
        """Names of the packages that a served model of these features needs beyond mlflow, numpy and pandas."""
        return *self.requirements, *features.cleaner.requirements

    def prepare(self) -> None:
        """Import what fits need. Worker processes call it once, before their first trial."""
        return

    def validate(self, training: Training) -> None:
        """Raise UserError if something that ``training`` names cannot be used, before each trial fails."""
        return

    def fit(self, features: Features, params: Params, training: Training, on_epoch: OnEpoch) -> Model:
        """Fit a model on the training split.

        Args:
            features: the corpus; the split ``validation`` may be used to choose an epoch and to calibrate.
            params: the hyperparameters.
            training: see :class:`Training`.
            on_epoch: called after each epoch with its number, from 1, and Keras's metrics: loss and accuracy (training
                split), val_loss, val_accuracy and ``val_`` with the name of ``training.metric``. A family that is
                fitted in one go calls it once.

        Raises:
            FloatingPointError: the fit diverged.
        """

    def cross_validate(self, features: Features, params: Params, training: Training) -> float | None:
        """``training.metric``, cross-validated, to compare hyperparameters by; None to use the validation split."""
        return None

    def count_members(self, training: Training) -> int:
        """Networks in the final model."""
        return training.members or self.default_members

    def fit_members(self, features: Features, params: Params, training: Training, models: Sequence[Model]) -> Model:
        """The final model of a search: its best trial's, or an ensemble.

        Args:
            features, training: as for :meth:`fit`; the seed is for the first further network.
            params: the hyperparameters of further networks.
            models: of the best trials, best first, at most as many as an ensemble has.
        """
        return models[0]

    def refit(self, features: Features, params: Params, training: Training, model: Model) -> Model | None:
        """Fit or calibrate the winner of a search again, on ``REFIT_SPLITS``, or return None to serve ``model`` itself.

        Args:
            features, params, training: as for :meth:`fit`.
            model: fitted with the same hyperparameters on only the training split, and evaluated.
        """
        return None

    def load(self, folder: Path) -> Model:
        """The model that its ``save`` wrote."""

    def log_model(self, model: Model, **options: Any) -> str | None:
        """Log a model to the active run in the family's own MLflow flavor.

        Args:
            model: the fitted model.
            options: ``name``, ``signature`` and ``input_example`` for ``mlflow.<flavor>.log_model``.

        Returns:
            The URI of the logged model; None to have it packaged as a ``python_function``
            (:mod:`sentiment.search.packaging`).
        """
        return None


def family_names() -> list[str]:
    """The names of the families, sorted."""
    return sorted(MODULES)


def get_family(name: str) -> Family:
    """The family of this name.

    Raises:
        UserError: there is none.
    """
    if name not in MODULES:
        raise UserError(f"unknown family {name!r}: expected one of {', '.join(family_names())}")
    return importlib.import_module(f".{name}", __package__).FAMILY


def needs_own_process(name: str | None) -> bool:
    """Whether models of a family, or of the ensemble, need their own process; true if the family is unknown."""
    return name is None or (name != ENSEMBLE and get_family(name).own_process)


def option_names() -> list[str]:
    """The options that some families understand, each once."""
    return list(dict.fromkeys(option for name in family_names() for option in get_family(name).options))


def unknown_options(name: str) -> list[str]:
    """The options that other families understand and this one does not."""
    return [option for option in option_names() if option not in get_family(name).options]


def families_with(option: str) -> list[str]:
    """The names of the families that understand an option."""
    return [name for name in family_names() if option in get_family(name).options]
