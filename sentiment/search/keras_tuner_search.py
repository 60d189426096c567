"""Keras Tuner over a search space: its oracles propose the points, for the families that Keras trains."""

import tempfile

import keras_tuner
from keras_tuner.oracles import BayesianOptimizationOracle, HyperbandOracle, RandomSearchOracle

from sentiment.model.space import Choice, Integer, LogUniform, active

LOSS = keras_tuner.Objective("loss", "min")


class KerasTunerSearch:
    """Proposes points and learns from their losses.

    Hyperband (Li et al. 2018) proposes the number of epochs, too, up to the given one. What it takes to the next round
    is trained from the beginning, since the learning rate falls along all epochs of a trial.

    Args:
        space: dict from a hyperparameter's name to its dimension (:mod:`sentiment.model.space`).
        algo: random, bayesian or hyperband.
        count: number of trials; hyperband may end before.
        epochs: passes over the training split.
        seed: int; the same seed gives the same points as long as it is told the same losses between them.
    """

    def __init__(self, space, algo, count, epochs, seed):
        self._space = space
        common = {"objective": LOSS, "seed": seed, "hyperparameters": to_keras_tuner(space)}
        common["max_consecutive_failed_trials"] = count + 1  # a search ends well, whatever its trials do
        if algo == "hyperband":
            self._oracle = HyperbandOracle(max_epochs=epochs, **common)
        else:
            oracle = {"random": RandomSearchOracle, "bayesian": BayesianOptimizationOracle}[algo]
            self._oracle = oracle(max_trials=count, **common)
        self._oracle.verbose = 0
        self._notes = tempfile.TemporaryDirectory()  # the oracle writes down each trial
        self._oracle._set_project_dir(self._notes.name, "oracle")
        self._trials = []

    def ask(self):
        """The next point and its number of epochs (None: all), or None where other trials have to be heard of first."""
        trial = self._oracle.create_trial(
            str(len(self._trials))
        )  # a name of its own: one that goes on gets its trial again
        if trial.status != "RUNNING":
            return None
        self._trials.append(trial)
        values = dict(trial.hyperparameters.values)
        return from_keras_tuner(self._space, values), values.get("tuner/epochs")

    def tell(self, number, loss):
        """Report the loss of a trial, the first of which has the number 1; None for one that failed."""
        trial = self._trials[number - 1]
        if loss is None:
            trial.status = "INVALID"
        else:
            self._oracle.update_trial(trial.trial_id, {"loss": loss})
            trial.status = "COMPLETED"
        self._oracle.end_trial(trial)


def to_keras_tuner(space):
    """The space as Keras Tuner writes it: ``HyperParameters``, conditional ones in the scope that they hang on."""
    result = keras_tuner.HyperParameters()
    for name, dimension in space.items():
        if dimension.when:
            ((other, values),) = dimension.when.items()
            values = [value for value in values if value in space[other].values]
            if not values:  # a narrowed space may leave a hyperparameter without a meaning
                continue
            with result.conditional_scope(other, values):
                _add(result, name, dimension)
        else:
            _add(result, name, dimension)
    return result


def from_keras_tuner(space, values):
    """The values of ``HyperParameters`` as a point: a dict of the hyperparameters that have a meaning there."""
    known = {name: values[name] for name in space if name in values}
    point = {name: known[name] for name in active(space, known)}
    return {name: int(value) if isinstance(space[name], Integer) else value for name, value in point.items()}


def _add(result, name, dimension):
    if isinstance(dimension, Choice):
        result.Choice(name, list(dimension.values))
    elif isinstance(dimension, Integer):
        result.Int(name, dimension.low, dimension.high, step=dimension.step)
    else:
        sampling = "log" if isinstance(dimension, LogUniform) else "linear"
        result.Float(name, dimension.low, dimension.high, sampling=sampling)
