"""Keras Tuner over a search space: its oracles propose hyperparameters for the families that Keras trains."""

from __future__ import annotations

import tempfile
from typing import Any

import keras_tuner
from keras_tuner.oracles import BayesianOptimizationOracle, HyperbandOracle, RandomSearchOracle

from sentiment.model.space import Choice, Dimension, Integer, LogUniform, Params, Space, drop_inactive

LOSS = keras_tuner.Objective("loss", "min")


class KerasTunerSearch:
    """Proposes hyperparameters and learns from their losses; see :class:`sentiment.search.engines.Engine`.

    Hyperband (Li et al. 2018) also proposes the number of epochs, up to the given one. Those promoted to the next
    round are trained from scratch, because the learning rate schedule covers all epochs of a trial.

    Args:
        space: the search space.
        start: the hyperparameters of the first trial.
        algo: random, bayesian or hyperband.
        count: number of trials; hyperband may end earlier.
        epochs: passes over the training split.
        seed: the same seed gives the same proposals, provided the losses reported in between are the same.
    """

    def __init__(self, space: Space, start: Params, algo: str, count: int, epochs: int, seed: int) -> None:
        self._space, self._start = space, start
        common: dict[str, Any] = {"objective": LOSS, "seed": seed, "hyperparameters": to_keras_tuner(space)}
        common["max_consecutive_failed_trials"] = count + 1  # never give up: the search reports failed trials itself
        if algo == "hyperband":
            self._oracle = HyperbandOracle(max_epochs=epochs, **common)
        else:
            oracle = {"random": RandomSearchOracle, "bayesian": BayesianOptimizationOracle}[algo]
            self._oracle = oracle(max_trials=count, **common)
        self._oracle.verbose = 0
        self._project = tempfile.TemporaryDirectory()  # the oracle writes a file for each trial
        self._oracle._set_project_dir(self._project.name, "oracle")
        self._trials: list[Any] = []

    def ask(self) -> tuple[Params, int | None] | None:
        # With the id of a tuner whose trial is running, the oracle would return that trial again.
        trial = self._oracle.create_trial(str(len(self._trials)))
        if trial.status != "RUNNING":
            return None
        if not self._trials:  # the first proposal of every oracle is a random one
            trial.hyperparameters.values |= self._start
        self._trials.append(trial)
        values = dict(trial.hyperparameters.values)
        return from_keras_tuner(self._space, values), values.get("tuner/epochs")

    def tell(self, number: int, loss: float | None) -> None:
        trial = self._trials[number - 1]
        if loss is None:
            trial.status = "INVALID"
        else:
            self._oracle.update_trial(trial.trial_id, {"loss": loss})
            trial.status = "COMPLETED"
        self._oracle.end_trial(trial)


def to_keras_tuner(space: Space) -> keras_tuner.HyperParameters:
    """The space as ``HyperParameters``, conditional hyperparameters in a conditional scope."""
    result = keras_tuner.HyperParameters()
    for name, dimension in space.items():
        if dimension.when:
            ((other, allowed),) = dimension.when.items()
            condition = space[other]
            assert isinstance(condition, Choice)
            values = [value for value in allowed if value in condition.values]
            if not values:  # in a narrowed space the condition may never be met
                continue
            with result.conditional_scope(other, values):
                _add(result, name, dimension)
        else:
            _add(result, name, dimension)
    return result


def from_keras_tuner(space: Space, values: dict[str, Any]) -> Params:
    """The values of ``HyperParameters`` as active hyperparameters, in the order of the space."""
    known = {name: values[name] for name in space if name in values}
    params = drop_inactive(space, known)
    return {name: int(value) if isinstance(space[name], Integer) else value for name, value in params.items()}


def _add(result: keras_tuner.HyperParameters, name: str, dimension: Dimension) -> None:
    if isinstance(dimension, Choice):
        result.Choice(name, list(dimension.values))
    elif isinstance(dimension, Integer):
        result.Int(name, dimension.low, dimension.high, step=dimension.step)
    else:
        sampling = "log" if isinstance(dimension, LogUniform) else "linear"
        result.Float(name, dimension.low, dimension.high, sampling=sampling)
