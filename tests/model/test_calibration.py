import numpy as np
import pytest
from sklearn.metrics import log_loss

from sentiment.model.calibration import fit_temperature, scale_temperature
from sentiment.model.families import simple
from sentiment.model.linear.counted import CountTrainer
from sentiment.model.linear.fitting import cross_validate
from sentiment.model.space import drop_inactive
from sentiment.model.splits import stack_labels
from sentiment.model.training import Criterion, Training
from sentiment.model.validation import predict_folds


def drawn(temperature, classes=3, documents=20_000):
    """Labels drawn from probabilities, and the same probabilities as an over- or underconfident network gives them."""
    random = np.random.default_rng(0)
    true = random.dirichlet(np.ones(classes), documents)
    labels = (true.cumsum(axis=1) < random.random((documents, 1))).sum(axis=1)
    return scale_temperature(true, 1 / temperature), labels


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_a_network_needs_is_found(temperature):
    probabilities, labels = drawn(temperature)
    assert fit_temperature(probabilities, labels) == pytest.approx(temperature, rel=0.05)


def test_a_temperature_moves_no_class_before_another():
    probabilities, _ = drawn(1.0)
    softer = scale_temperature(probabilities, 2.5)
    assert np.array_equal(softer.argsort(axis=1), probabilities.argsort(axis=1))
    assert softer.sum(axis=1) == pytest.approx(1) and softer.max() < probabilities.max()


def test_a_network_that_is_never_wrong_keeps_a_finite_temperature():
    certain = np.array([[1.0, 0.0], [0.0, 1.0]])
    assert 0 < fit_temperature(certain, np.array([0, 1])) < 25
    assert np.isfinite(scale_temperature(certain, 0.05)).all()


@pytest.mark.parametrize("classifier, calibrated", [("multinomial_nb", False), ("linear_svm", True)])
def test_the_cross_validated_log_loss_is_that_of_what_is_served(classifier, calibrated, two_classes):
    training = Training(seed=0, metric=Criterion("log_loss", log_loss, higher_is_better=False))
    params = drop_inactive(simple.SPACE, simple.DEFAULTS | {"classifier": classifier, "alpha": 1e-3})
    labels, groups = stack_labels(two_classes)
    probabilities = predict_folds(CountTrainer(two_classes, params, training).fold, labels, groups, training, 3)
    scaled = scale_temperature(probabilities, fit_temperature(probabilities, labels, None))
    expected, other = (log_loss(labels, found) for found in ((scaled, probabilities)[:: 1 if calibrated else -1]))
    assert cross_validate(two_classes, params, training) == pytest.approx(expected) != pytest.approx(other)
