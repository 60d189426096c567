import numpy as np
import pytest

from sentiment.model.calibration import fit_temperature, scale_temperature


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
