import pytest

from steps.search.pruning import thresholds
from steps.search.trials import Outcome


def ended(*curve):
    return Outcome("", "", {}, len(curve), curve=curve)


def test_nobody_is_measured_by_fewer_than_four():
    assert thresholds([]) == ()
    assert thresholds([ended(0.5, 0.6)] * 3) == ()


def test_the_median_of_those_that_came_to_an_epoch():
    outcomes = [ended(0.5, 0.6), ended(0.6, 0.7), ended(0.7, 0.8), ended(0.8, 0.9), ended(0.4)]
    assert thresholds(outcomes) == (0.6, 0.75)
    outcomes[4] = ended()  # of a family without epochs, or of a trial that failed
    assert thresholds(outcomes) == pytest.approx((0.65, 0.75))
