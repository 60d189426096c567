"""Hyperopt over a search space (Bergstra, Yamins and Cox 2013): TPE, random search or annealing."""

import logging
import statistics

import numpy as np
from hyperopt import JOB_STATE_DONE, JOB_STATE_NEW, STATUS_FAIL, STATUS_OK, Trials, anneal, hp, rand, space_eval, tpe
from hyperopt.base import Domain
from hyperopt.fmin import generate_trial
from hyperopt.pyll import scope

from sentiment.model.space import Choice, Integer, LogUniform, active

ALGORITHMS = {"tpe": tpe.suggest, "random": rand.suggest, "anneal": anneal.suggest}


class HyperoptSearch:
    """Proposes points and learns from their losses.

    Args:
        space: dict from a hyperparameter's name to its dimension (:mod:`sentiment.model.space`).
        start: a full point, the first to be proposed.
        algo: a key of ``ALGORITHMS``.
        seed: int; the same seed gives the same points as long as it is told the same losses between them.
    """

    def __init__(self, space, start, algo, seed):
        logging.getLogger("hyperopt").setLevel(logging.WARNING)
        self._space = space
        self._start = start
        self._expression = to_hyperopt(space)
        self._domain = Domain(lambda sample: None, self._expression)
        self._suggest = ALGORITHMS[algo]
        self._trials = Trials()
        self._random = np.random.default_rng(seed)

    def ask(self):
        """The next point, a dict of the hyperparameters that have a meaning there, and None: all epochs.

        A trial that is still running counts with the mean loss of the finished ones, so that what is being tried is not
        tried again ("constant liar", Ginsbourger, Le Riche and Carraro 2010).
        """
        (new_id,) = self._trials.new_trial_ids(1)
        seed = int(self._random.integers(2**31 - 1))
        if new_id == 0:
            document = self._first(new_id)
        else:
            running = self._pretend()
            (document,) = self._suggest([new_id], self._domain, self._trials, seed)
            for trial in running:
                trial.update(state=JOB_STATE_NEW, result={"status": "new"})
        self._trials.insert_trial_docs([document])
        self._trials.refresh()
        values = {label: found[0] for label, found in document["misc"]["vals"].items() if found}
        return flatten(self._space, space_eval(self._expression, values)), None

    def tell(self, number, loss):
        """Report the loss of a trial, the first of which has the number 1; None for one that failed."""
        result = {"status": STATUS_FAIL} if loss is None else {"status": STATUS_OK, "loss": loss}
        self._trials.trials[number - 1].update(state=JOB_STATE_DONE, result=result)
        self._trials.refresh()

    def _pretend(self):
        """Give running trials the mean loss, and return them."""
        losses = [trial["result"]["loss"] for trial in self._trials.trials if "loss" in trial["result"]]
        running = [trial for trial in self._trials.trials if trial["state"] == JOB_STATE_NEW] if losses else []
        for trial in running:
            trial.update(state=JOB_STATE_DONE, result={"status": STATUS_OK, "loss": statistics.fmean(losses)})
        return running

    def _first(self, new_id):
        document = generate_trial(new_id, to_values(self._space, self._start))
        for label in self._domain.params:  # those without a meaning at this point
            document["misc"]["idxs"].setdefault(label, [])
            document["misc"]["vals"].setdefault(label, [])
        return document


def to_hyperopt(space):
    """The space as hyperopt writes it: a dict of expressions, conditional ones inside the choice that they hang on."""
    inside = {name for name, dimension in space.items() if dimension.when}
    return {name: _expression(space, name, name) for name in space if name not in inside}


def flatten(space, sample):
    """A sample of :func:`to_hyperopt`'s expressions as a point: a dict of the hyperparameters that have a meaning."""
    point = {}
    for name, value in sample.items():
        if isinstance(value, dict):
            point |= flatten(space, value)
        else:
            point[name] = int(value) if isinstance(space[name], Integer) else value
    return {name: point[name] for name in space if name in point}


def to_values(space, point):
    """A point under hyperopt's labels, as :func:`fmin` takes points to start from; a choice is its position."""
    values = {}
    for name in active(space, point):
        dimension, value = space[name], point[name]
        values[_label(space, name, point)] = dimension.values.index(value) if isinstance(dimension, Choice) else value
    return values


def _expression(space, name, label):
    dimension = space[name]
    if isinstance(dimension, Choice):
        return hp.choice(label, [_option(space, name, value) for value in dimension.values])
    if isinstance(dimension, Integer):
        return scope.int(hp.quniform(label, dimension.low, dimension.high, dimension.step))
    if isinstance(dimension, LogUniform):
        return hp.loguniform(label, np.log(dimension.low), np.log(dimension.high))
    return hp.uniform(label, dimension.low, dimension.high)


def _option(space, name, value):
    dependent = [other for other, dimension in space.items() if value in dimension.when.get(name, ())]
    if not dependent:
        return value
    # Hyperopt wants a label of its own for each place where a hyperparameter stands.
    return {name: value} | {other: _expression(space, other, f"{other}:{value}") for other in dependent}


def _label(space, name, point):
    condition = space[name].when
    return f"{name}:{point[next(iter(condition))]}" if condition else name
