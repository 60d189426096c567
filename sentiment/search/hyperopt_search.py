"""Hyperopt (Bergstra, Yamins and Cox 2013) over a search space: TPE, random search or annealing."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from hyperopt import JOB_STATE_DONE, STATUS_FAIL, STATUS_OK, Trials, anneal, hp, rand, space_eval, tpe
from hyperopt.base import Domain
from hyperopt.fmin import generate_trial
from hyperopt.pyll import scope

from sentiment.model.space import Choice, Integer, LogUniform, Params, Space, active_names

ALGORITHMS = {"tpe": tpe.suggest, "random": rand.suggest, "anneal": anneal.suggest}


class HyperoptSearch:
    """Proposes hyperparameters and learns from their losses; see :class:`sentiment.search.engines.Engine`.

    Args:
        space: the search space.
        starts: the first proposals, each with a value for each hyperparameter.
        algo: a key of ``ALGORITHMS``.
        seed: the same seed gives the same proposals, provided the losses reported in between are the same.
    """

    def __init__(self, space: Space, starts: Sequence[Params], algo: str, seed: int) -> None:
        logging.getLogger("hyperopt").setLevel(logging.WARNING)
        self._space = space
        self._starts = starts
        self._expression = to_hyperopt(space)
        self._domain = Domain(lambda sample: None, self._expression)
        self._suggest = ALGORITHMS[algo]
        self._trials = Trials()
        self._random = np.random.default_rng(seed)

    def ask(self) -> tuple[Params, None]:
        """The next active hyperparameters, and None for the usual number of epochs.

        To hyperopt a running trial has an infinite loss, so that what is being tried is not proposed again.
        """
        (new_id,) = self._trials.new_trial_ids(1)
        seed = int(self._random.integers(2**31 - 1))
        if new_id < len(self._starts):
            document = self._make_trial(new_id, self._starts[new_id])
        else:
            (document,) = self._suggest([new_id], self._domain, self._trials, seed)
        self._trials.insert_trial_docs([document])
        self._trials.refresh()
        values = {label: found[0] for label, found in document["misc"]["vals"].items() if found}
        return from_hyperopt(self._space, space_eval(self._expression, values)), None

    def tell(self, number: int, loss: float | None) -> None:
        result = {"status": STATUS_FAIL} if loss is None else {"status": STATUS_OK, "loss": loss}
        self._trials.trials[number - 1].update(state=JOB_STATE_DONE, result=result)

    def _make_trial(self, new_id: int, params: Params) -> Any:
        document = generate_trial(new_id, to_values(self._space, params))
        for label in self._domain.params:  # hyperopt expects an entry for the inactive ones, too
            document["misc"]["idxs"].setdefault(label, [])
            document["misc"]["vals"].setdefault(label, [])
        return document


def to_hyperopt(space: Space) -> dict[str, Any]:
    """The space as hyperopt expressions. Conditional hyperparameters are nested in the choice that they depend on."""
    nested = {name for name, dimension in space.items() if dimension.when}
    return {name: _expression(space, name, name) for name in space if name not in nested}


def from_hyperopt(space: Space, sample: dict[str, Any]) -> Params:
    """A sample of :func:`to_hyperopt`'s expressions as active hyperparameters, in the order of the space."""
    params: Params = {}
    for name, value in sample.items():
        if isinstance(value, dict):
            params |= from_hyperopt(space, value)
        else:
            dimension = space[name]
            params[name] = dimension.values[value] if isinstance(dimension, Integer) else value
    return {name: params[name] for name in space if name in params}


def to_values(space: Space, params: Params) -> dict[str, Any]:
    """Hyperparameters under hyperopt's labels, as for its ``points_to_evaluate``: discrete ones are an index."""
    values = {}
    for name in active_names(space, params):
        dimension, value = space[name], params[name]
        is_discrete = isinstance(dimension, Choice | Integer)
        values[_label(space, name, params)] = dimension.values.index(value) if is_discrete else value  # type: ignore
    return values


def _expression(space: Space, name: str, label: str) -> Any:
    dimension = space[name]
    if isinstance(dimension, Choice):
        return hp.choice(label, [_option(space, name, value) for value in dimension.values])
    if isinstance(dimension, Integer):
        # The index of a value. hyperopt rounds, so that its own bounds would give both ends half the probability, and
        # multiples of the step instead of steps from the lower bound.
        last = len(dimension.values) - 1
        return scope.int(hp.quniform(label, -0.499, last + 0.499, 1))
    if isinstance(dimension, LogUniform):
        return hp.loguniform(label, np.log(dimension.low), np.log(dimension.high))
    return hp.uniform(label, dimension.low, dimension.high)


def _option(space: Space, name: str, value: Any) -> Any:
    dependent = [other for other, dimension in space.items() if value in dimension.when.get(name, ())]
    if not dependent:
        return value
    # A hyperparameter that occurs in several places needs a different label in each.
    return {name: value} | {other: _expression(space, other, f"{other}:{value}") for other in dependent}


def _label(space: Space, name: str, params: Params) -> str:
    condition = space[name].when
    return f"{name}:{params[next(iter(condition))]}" if condition else name
