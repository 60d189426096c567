"""Which networks an ensemble takes."""

from types import SimpleNamespace

import numpy as np

from sentiment.model.network.ensemble import fit_ensemble
from sentiment.model.training import Training

LABELS = np.array([0, 1] * 20)


def network(right, seed=0):
    """A model that gives the true class of each document a probability of about ``right``."""
    probability = np.random.default_rng(seed).uniform(right - 0.15, right + 0.15, len(LABELS))
    on_validation = np.where(np.eye(2)[LABELS] == 1, probability[:, None], 1 - probability[:, None])
    return SimpleNamespace(raw_text=False, predict_split=lambda features, split: on_validation)


def ensemble_of(models, count):
    """The members of an ensemble, and the seeds of those that were fitted for it."""
    seeds = []

    def fit(features, params, training, on_epoch):
        seeds.append(training.seed)
        return network(0.7, training.seed)

    features = SimpleNamespace(labels=lambda split: LABELS)
    family = SimpleNamespace(name="dense", fit=fit)
    return fit_ensemble(family, models, features, {}, Training(seed=9), count).members, seeds


def test_the_best_trials_are_members_and_nothing_is_fitted():
    best, next_best = network(0.7, 1), network(0.7, 2)
    assert ensemble_of([best, next_best], 2) == ([best, next_best], [])


def test_a_trial_that_makes_the_mean_worse_is_no_member():
    best, worse = network(0.7, 1), network(0.3, 2)
    members, seeds = ensemble_of([best, worse], 3)
    assert members[0] is best and worse not in members and seeds == [9, 10]
