"""The engines that propose points, by the names of ``tuner`` and ``algo``."""

from functools import partial

from sentiment.errors import UserError
from sentiment.model import families
from sentiment.search.grid_search import GridSearch

ALGORITHMS = {
    "hyperopt": ("tpe", "random", "anneal", "grid"),
    "keras_tuner": ("random", "bayesian", "hyperband", "grid"),
}


def engine(parameters, space, start):
    """The engine of a search and the number of its trials.

    Args:
        parameters: those of ``tune``; ``tuner``, ``algo``, ``max_evals``, ``epochs``, ``seed`` and ``family`` are used.
        space: dict from a hyperparameter's name to its dimension (:mod:`sentiment.model.space`).
        start: a full point, where an engine begins that takes one.

    Returns:
        A tuple of a function that makes the engine, with ``ask()`` and ``tell(number, loss)``, and of the number of
        trials: ``max_evals``, but for a grid all of its points. Keras Tuner takes seconds to import, in which other
        things can begin.

    Raises:
        UserError: the tuner does not have this algorithm, or cannot tune this family.
    """
    if parameters.algo not in ALGORITHMS[parameters.tuner]:
        raise UserError(
            f"tuner={parameters.tuner} has no algo={parameters.algo}: expected one of "
            f"{', '.join(ALGORITHMS[parameters.tuner])}"
        )
    if parameters.tuner == "keras_tuner" and not families.is_keras(parameters.family):
        raise UserError(
            f"tuner=keras_tuner tunes the families that Keras trains, and {parameters.family} is none of them: "
            f"use tuner=hyperopt, or one of {', '.join(filter(families.is_keras, families.families()))}"
        )
    if parameters.algo == "grid" or not space:  # a family without hyperparameters has one point
        grid = GridSearch(space)
        return lambda: grid, len(grid.points)
    make = _keras_tuner if parameters.tuner == "keras_tuner" else _hyperopt
    return partial(make, parameters, space, start), parameters.max_evals


def _keras_tuner(parameters, space, start):
    from sentiment.search.keras_tuner_search import KerasTunerSearch

    return KerasTunerSearch(space, parameters.algo, parameters.max_evals, parameters.epochs, parameters.seed)


def _hyperopt(parameters, space, start):
    from sentiment.search.hyperopt_search import HyperoptSearch

    return HyperoptSearch(space, start, parameters.algo, parameters.seed)
