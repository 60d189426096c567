"""Which trials are not worth going on with: the median stopping rule (Golovin et al. 2017, section 3.2.2), at a quarter.

Over 120 trials of the lstm on movie_reviews (160 validation texts), of which each seed's 30 count by themselves, the median
stopped the best trial of one seed in four: most points of a good space differ by less than such a split can tell. The lower
quartile stopped none of the best, and leaves those going that are not clearly behind.
"""

import numpy as np

AT_LEAST = 4  # trials that have to have finished before others are measured by them
FIRST = 2  # epoch; in the one before the learning rate still rises, and what it leaves says little about the last


def thresholds(outcomes):
    """The accuracy that a trial has to have reached by each epoch to go on: the finished trials' lower quartile there.

    Trials that were pruned do not count, or the quartile would rise with each of them.

    Args:
        outcomes: list of :class:`steps.search.trials.Outcome`.

    Returns:
        A tuple of floats, one for each epoch to which at least ``AT_LEAST`` finished trials came; 0 before ``FIRST``.
    """
    curves = [outcome.curve for outcome in outcomes if outcome.figures]
    result = []
    for epoch in range(1, max(map(len, curves), default=0) + 1):
        there = [curve[epoch - 1] for curve in curves if len(curve) >= epoch]
        if len(there) < AT_LEAST:
            break
        result.append(float(np.quantile(there, 0.25)) if epoch >= FIRST else 0.0)
    return tuple(result)
