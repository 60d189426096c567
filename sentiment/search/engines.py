"""The search algorithms that propose hyperparameters, by the names of ``tuner`` and ``algo``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from sentiment.errors import UserError
from sentiment.model.families import family_names, get_family
from sentiment.model.space import Params, Space, drop_inactive
from sentiment.search.grid_search import GridSearch

ALGORITHMS = {
    "hyperopt": ("tpe", "random", "anneal", "grid"),
    "keras_tuner": ("random", "bayesian", "hyperband", "grid"),
}


@dataclass(frozen=True)
class SearchConfig:
    """How a search proposes hyperparameters.

    Args:
        family: name of the family that is tuned.
        tuner: a key of ``ALGORITHMS``.
        algo: one of the tuner's algorithms.
        max_evals: number of trials.
        epochs: passes over the training split.
        seed: the same seed gives the same proposals, provided the losses reported in between are the same.
    """

    family: str
    tuner: str
    algo: str
    max_evals: int
    epochs: int
    seed: int


class Engine(Protocol):
    """Proposes hyperparameters, and learns from the losses of the trials."""

    def ask(self) -> tuple[Params, int | None] | None:
        """The next hyperparameters and their number of epochs (None: all).

        Returns None if the loss of another trial has to be reported first, or if there is nothing left to try.
        """

    def tell(self, number: int, loss: float | None) -> None:
        """Report the loss of a trial, numbered from 1; None for a trial that failed."""


def make_engine(config: SearchConfig, space: Space, start: Params) -> tuple[Callable[[], Engine], int]:
    """The engine of a search and the number of its trials.

    Args:
        config: the search.
        space: the search space.
        start: a value for each hyperparameter, for the first trial. Hyperopt then tries the family's other
            ``starts``.

    Returns:
        A function that creates the engine, and the number of trials: ``max_evals``, or the size of a grid. Creating the
        engine is left to the caller, since importing Keras Tuner takes seconds, during which other work can start.

    Raises:
        UserError: the tuner does not have this algorithm, or cannot tune this family.
    """
    if config.algo not in ALGORITHMS[config.tuner]:
        raise UserError(
            f"tuner={config.tuner} has no algo={config.algo}: expected one of {', '.join(ALGORITHMS[config.tuner])}"
        )
    if config.tuner == "keras_tuner" and not get_family(config.family).trains_in_epochs:
        others = [name for name in family_names() if get_family(name).trains_in_epochs]
        raise UserError(
            f"tuner=keras_tuner tunes only families that Keras trains, and {config.family} is not one: "
            f"use tuner=hyperopt, or one of {', '.join(others)}"
        )
    if config.algo == "grid" or not space:  # without hyperparameters there is one trial
        grid = GridSearch(space)
        return lambda: grid, len(grid.candidates)
    make = _make_keras_tuner if config.tuner == "keras_tuner" else _make_hyperopt
    return partial(make, config, space, start), config.max_evals


def _make_keras_tuner(config: SearchConfig, space: Space, start: Params) -> Engine:
    from sentiment.model.network.startup import start_tensorflow

    start_tensorflow()  # else Keras Tuner imports it, with all its notes
    from sentiment.search.keras_tuner_search import KerasTunerSearch

    return KerasTunerSearch(
        space, drop_inactive(space, start), config.algo, config.max_evals, config.epochs, config.seed
    )


def _make_hyperopt(config: SearchConfig, space: Space, start: Params) -> Engine:
    from sentiment.search.hyperopt_search import HyperoptSearch

    starts = [drop_inactive(space, start)]
    for changes in get_family(config.family).starts:
        # A space that a user has narrowed may not have all of them.
        point = drop_inactive(space, start | {name: value for name, value in changes.items() if value in space[name]})
        if point not in starts:
            starts.append(point)
    return HyperoptSearch(space, starts, config.algo, config.seed)
