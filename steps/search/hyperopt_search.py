"""Hyperopt over a search space (Bergstra, Yamins and Cox 2013): TPE, random search or annealing."""

import logging

import numpy as np
from hyperopt import STATUS_FAIL, STATUS_OK, Trials, anneal, fmin, hp, rand, tpe
from hyperopt.exceptions import AllTrialsFailed
from hyperopt.fmin import generate_trial
from hyperopt.pyll import scope

from steps.search.space import Choice, Integer, LogUniform, active

ALGORITHMS = {"tpe": tpe.suggest, "random": rand.suggest, "anneal": anneal.suggest}


def search(space, start, objective, max_evals, algo, seed):
    """Try ``max_evals`` points of a space, the first of them ``start``.

    Args:
        space: dict from a hyperparameter's name to its dimension (:mod:`steps.search.space`).
        start: a full point, the first to be tried.
        objective: function of a point that returns the loss, a float to be made small, or None for a trial
            that failed.
        max_evals: number of trials.
        algo: a key of ``ALGORITHMS``.
        seed: int; the same seed gives the same points as long as the losses are the same.
    """
    logging.getLogger("hyperopt").setLevel(logging.WARNING)

    def evaluate(sample):
        loss = objective(flatten(space, sample))
        return {"status": STATUS_FAIL} if loss is None else {"status": STATUS_OK, "loss": loss}

    try:
        fmin(
            evaluate,
            to_hyperopt(space),
            algo=_start_first(to_values(space, start), ALGORITHMS[algo]),
            max_evals=max_evals,
            trials=Trials(),
            rstate=np.random.default_rng(seed),
            show_progressbar=False,
            return_argmin=False,
            verbose=False,
        )
    except AllTrialsFailed:
        return  # the caller has seen each of them fail


def _start_first(values, suggest):
    """An algorithm that suggests a given point first. (fmin's own points_to_evaluate come on top of max_evals.)"""

    def algorithm(new_ids, domain, trials, seed):
        if len(trials.trials):
            return suggest(new_ids, domain, trials, seed)
        document = generate_trial(new_ids[0], values)
        for label in domain.params:  # those without a meaning at this point
            document["misc"]["idxs"].setdefault(label, [])
            document["misc"]["vals"].setdefault(label, [])
        return [document]

    return algorithm


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
