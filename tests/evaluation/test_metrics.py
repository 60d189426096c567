import numpy as np
import pytest
from scipy.stats import bootstrap

from sentiment.evaluation.metrics import calibration_error, scores
from sentiment.evaluation.statistics import bootstrap_accuracy

LABELS = np.array([0, 1, 2, 0, 1, 2])
PROBABILITIES = np.array(
    [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7], [0.3, 0.6, 0.1], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]]
)


def test_scores_of_two_classes_by_hand():
    figures = scores(np.array([0, 0, 1, 1]), np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7]]))
    assert figures["accuracy"] == 0.75
    assert figures["roc_auc"] == 1.0  # every positive above every negative
    assert figures["log_loss"] == pytest.approx(-np.mean(np.log([0.9, 0.4, 0.8, 0.7])))
    assert figures["f1_macro"] == pytest.approx((2 / 3 + 4 / 5) / 2)


def test_scores_of_three_classes():
    assert scores(LABELS, PROBABILITIES)["accuracy"] == pytest.approx(5 / 6)


def test_calibration_error_by_hand():
    """Two bins: of two texts at 0.6 one is right, of two at 0.9 both are."""
    probabilities = np.array([[0.6, 0.4], [0.4, 0.6], [0.9, 0.1], [0.1, 0.9]])
    assert calibration_error(np.array([0, 0, 0, 1]), probabilities) == pytest.approx((2 * 0.1 + 2 * 0.1) / 4)
    assert calibration_error(np.array([0, 0]), np.array([[1.0, 0.0], [1.0, 0.0]])) == 0.0


def test_bootstrap_interval_is_scipys():
    correct = np.arange(200) % 5 != 0
    theirs = bootstrap((correct,), np.mean, method="percentile", n_resamples=10_000, rng=0).confidence_interval
    assert bootstrap_accuracy(correct, seed=1) == pytest.approx((theirs.low, theirs.high), abs=0.006)
    assert bootstrap_accuracy(correct, seed=1) == bootstrap_accuracy(correct, seed=1)
