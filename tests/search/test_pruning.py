import math

import pytest

from sentiment.search.pruning import pruning_thresholds
from sentiment.search.trials import Outcome


def ended(*curve, figures=True):
    return Outcome("", "", {}, len(curve), figures={"accuracy": curve[-1]} if figures else None, curve=curve)


def test_nobody_is_measured_by_fewer_than_four():
    assert pruning_thresholds([]) == ()
    assert pruning_thresholds([ended(0.5, 0.6)] * 3) == ()


def test_the_lower_quartile_of_the_finished_trials_from_the_third_epoch_on():
    outcomes = [ended(0.5, 0.5, 0.6, 0.7)] + [ended(0.5, 0.5, accuracy) for accuracy in (0.7, 0.8, 0.9, 0.9)]
    assert pruning_thresholds(outcomes) == (-math.inf, -math.inf, pytest.approx(0.7))


def test_pruned_and_failed_trials_do_not_count():
    """Recorded from a search of the lstm on movie_reviews: each trial that is pruned would raise the quartile."""
    finished = [
        ended(0.0, last, best) for last, best in ((0.788, 0.825), (0.613, 0.812), (0.794, 0.806), (0.756, 0.812))
    ]
    others = [ended(0.0, 0.806, 0.7, figures=False), ended(0.0, 0.656, 0.675, figures=False), ended(figures=False)]
    assert (
        pruning_thresholds(finished + others)
        == pruning_thresholds(finished)
        == (-math.inf, -math.inf, pytest.approx(0.8105))
    )
