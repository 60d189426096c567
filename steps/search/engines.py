"""The engines that propose points, by the names of ``tuner`` and ``algo``."""

from steps import models
from steps.search.grid_search import GridSearch
from steps.workflow.errors import UserError

ALGORITHMS = {
    "hyperopt": ("tpe", "random", "anneal", "grid"),
    "keras_tuner": ("random", "bayesian", "hyperband", "grid"),
}


def engine(parameters, space, start):
    """The engine of a search and the number of its trials.

    Args:
        parameters: those of ``tune``; ``tuner``, ``algo``, ``max_evals``, ``epochs``, ``seed`` and ``family`` are used.
        space: dict from a hyperparameter's name to its dimension (:mod:`steps.search.space`).
        start: a full point, where an engine begins that takes one.

    Returns:
        A tuple of an engine with ``ask()`` and ``tell(number, loss)``, and of the number of trials: ``max_evals``, but
        for a grid all of its points.

    Raises:
        UserError: the tuner does not have this algorithm, or cannot tune this family.
    """
    if parameters.algo not in ALGORITHMS[parameters.tuner]:
        raise UserError(
            f"tuner={parameters.tuner} has no algo={parameters.algo}: expected one of "
            f"{', '.join(ALGORITHMS[parameters.tuner])}"
        )
    if parameters.tuner == "keras_tuner" and not models.is_keras(parameters.family):
        raise UserError(
            f"tuner=keras_tuner tunes the families that Keras trains, and {parameters.family} is none of them: "
            f"use tuner=hyperopt, or one of {', '.join(filter(models.is_keras, models.families()))}"
        )
    if parameters.algo == "grid":
        grid = GridSearch(space)
        return grid, len(grid.points)
    if parameters.tuner == "keras_tuner":
        from steps.search.keras_tuner_search import KerasTunerSearch  # imports TensorFlow

        count, seed = parameters.max_evals, parameters.seed
        return KerasTunerSearch(space, parameters.algo, count, parameters.epochs, seed), count
    from steps.search.hyperopt_search import HyperoptSearch

    return HyperoptSearch(space, start, parameters.algo, parameters.seed), parameters.max_evals
