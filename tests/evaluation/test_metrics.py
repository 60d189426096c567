import numpy as np
import pytest
from sklearn import metrics

from sentiment.evaluation.metrics import balanced_accuracy, calibration_error, class_scores, log_loss, roc_auc, scores
from sentiment.evaluation.statistics import accuracy_interval

LABELS = np.array([0, 0, 0, 1, 1, 2])  # classes of different sizes: a weighted mean is another one
PROBABILITIES = np.array(
    [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7], [0.3, 0.6, 0.1], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]]
)


def test_scores_of_two_classes_by_hand():
    figures = scores(np.array([0, 0, 1, 1]), np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7]]))
    assert figures["accuracy"] == 0.75
    assert figures["roc_auc"] == 1.0  # every positive above every negative
    assert figures["log_loss"] == pytest.approx(-np.mean(np.log([0.9, 0.4, 0.8, 0.7])))
    assert figures["f1_macro"] == pytest.approx((2 / 3 + 4 / 5) / 2)


def test_balanced_accuracy_is_the_mean_recall_of_the_classes_that_occur():
    probabilities = np.array([[0.9, 0.1, 0.0]] * 9 + [[0.9, 0.1, 0.0]] + [[0.1, 0.9, 0.0]])
    figures = scores(np.array([0] * 9 + [1, 1]), probabilities[:, :2])
    assert figures["balanced_accuracy"] == pytest.approx((1 + 1 / 2) / 2)
    assert balanced_accuracy(np.array([0] * 9 + [1, 1]), probabilities) == pytest.approx((1 + 1 / 2) / 2)


def test_scores_of_three_classes_are_those_of_scikit_learn():
    found, predicted = scores(LABELS, PROBABILITIES), PROBABILITIES.argmax(axis=1)
    assert found["accuracy"] == pytest.approx(4 / 6)
    assert found["f1_macro"] == pytest.approx(metrics.f1_score(LABELS, predicted, average="macro"))
    assert found["roc_auc"] == pytest.approx(metrics.roc_auc_score(LABELS, PROBABILITIES, multi_class="ovr"))
    assert roc_auc(np.zeros(6, int), PROBABILITIES) == 0.5  # one class alone has no ROC curve
    by_class = [list(row.values()) for row in class_scores(LABELS, PROBABILITIES)]
    assert np.allclose(np.transpose(by_class), metrics.precision_recall_fscore_support(LABELS, predicted))
    assert list(class_scores(LABELS, PROBABILITIES)[0]) == ["precision", "recall", "f1", "documents"]


def test_log_loss_is_that_of_scikit_learn_for_a_class_that_does_not_occur_and_a_probability_of_zero():
    probabilities = np.array([[1.0, 0.0, 0.0], [0.2, 0.7, 0.1], [0.3, 0.6, 0.1]])
    for labels in (np.array([0, 1, 1]), np.array([1, 0, 1])):
        expected = metrics.log_loss(labels, probabilities, labels=[0, 1, 2])
        assert log_loss(labels, probabilities) == pytest.approx(expected)


def test_calibration_error_by_hand():
    """Two bins: of two texts at 0.6 one is right, of two at 0.9 both are."""
    probabilities = np.array([[0.6, 0.4], [0.4, 0.6], [0.9, 0.1], [0.1, 0.9]])
    assert calibration_error(np.array([0, 0, 0, 1]), probabilities) == pytest.approx((2 * 0.1 + 2 * 0.1) / 4)
    assert calibration_error(np.array([0, 0]), np.array([[1.0, 0.0], [1.0, 0.0]])) == 0.0
    # 0.61 and 0.69 are in two of 15 bins, and would be in one of 10.
    probabilities = np.array([[0.61, 0.39], [0.69, 0.31]])
    assert calibration_error(np.array([0, 1]), probabilities) == pytest.approx((0.39 + 0.69) / 2)


def test_an_accuracy_of_one_is_not_certain():
    """Wilson's interval by hand: z²/n = 0.0960 below 1, divided by 1 + z²/n."""
    low, high = accuracy_interval(np.ones(40, dtype=bool))
    assert low == pytest.approx(1 / (1 + 1.96**2 / 40), abs=1e-4) and high == 1.0
    low, high = accuracy_interval(np.arange(10) < 8)
    assert (low, high) == pytest.approx((0.4902, 0.9433), abs=1e-4)  # Newcombe (1998), 8 of 10
