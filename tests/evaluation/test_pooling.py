"""The weights of an ensemble, and its predictions for the documents by which families are compared."""

import numpy as np
import pytest

from sentiment.evaluation import pooling
from sentiment.evaluation.metrics import log_loss
from sentiment.evaluation.pooling import assign_folds, fit_weights, pool_families


def see(labels, clarity, seed, classes=2):
    """Calibrated probabilities of a model that sees each document through noise of its own."""
    noise = np.random.default_rng(seed).normal(size=(len(labels), classes))
    logits = clarity * (clarity * np.eye(classes)[labels] + noise)  # of the posterior, classes being as frequent
    powers = np.exp(logits)
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.fixture
def labels():
    return np.random.default_rng(0).integers(2, size=400)


def test_a_member_that_is_sure_and_knows_nothing_gets_no_weight(labels):
    guesses = np.eye(2)[np.random.default_rng(1).integers(2, size=len(labels))]
    found = pool_families({"good": see(labels, 1.5, 2), "guess": guesses}, labels, 42)
    assert found.weights == {"good": 1.0}


@pytest.mark.parametrize("classes", [2, 3])
def test_two_that_see_different_things_share_the_weight_and_are_better_together(classes):
    labels = np.random.default_rng(0).integers(classes, size=600)
    members = {family: see(labels, 1.0, seed, classes) for seed, family in enumerate(("lstm", "simple"), start=1)}
    found = pool_families(members, labels, 42)
    assert sum(found.weights.values()) == pytest.approx(1) and found.weights["lstm"] == pytest.approx(0.5, abs=0.15)
    assert np.allclose(found.probabilities.sum(axis=1), 1)
    alone = min(log_loss(labels, probabilities) for probabilities in members.values())
    assert log_loss(labels, found.probabilities) < alone - 0.02


def test_the_weights_have_the_lowest_log_loss(labels):
    members = np.array([see(labels, 1.0, seed) for seed in range(3)])

    def loss(weights):
        return log_loss(labels, pooling.pool(members, weights))

    best = fit_weights(members, labels)
    others = np.random.default_rng(0).dirichlet(np.ones(3), 200)
    assert best.min() > 0 and loss(best) <= min(map(loss, others)) + 1e-9


def test_what_the_ensemble_says_of_a_document_does_not_depend_on_its_label(labels, monkeypatch):
    folds = np.arange(len(labels)) % 10
    monkeypatch.setattr(pooling, "assign_folds", lambda labels, seed: folds)
    members = {"lstm": see(labels, 0.8, 1), "simple": see(labels, 1.2, 2)}
    before = pool_families(members, labels, 42).probabilities
    turned = np.where(folds == 3, 1 - labels, labels)
    after = pool_families(members, turned, 42).probabilities
    assert np.array_equal(after[folds == 3], before[folds == 3])
    assert not np.allclose(after[folds != 3], before[folds != 3], atol=1e-3)


def test_every_fold_has_its_part_of_every_class():
    labels = np.repeat([0, 1, 2], [61, 25, 3])
    folds = assign_folds(labels, 42)
    counts = np.array([np.bincount(labels[folds == fold], minlength=3) for fold in range(10)])
    assert np.ptp(counts, axis=0).max() == 1 and (folds != assign_folds(labels, 43)).any()


def test_the_order_of_the_families_changes_nothing(labels):
    members = {"lstm": see(labels, 0.8, 1), "simple": see(labels, 1.2, 2)}
    first, again = (pool_families(dict(pairs), labels, 42) for pairs in (members.items(), reversed(members.items())))
    assert first.weights == again.weights and np.array_equal(first.probabilities, again.probabilities)
