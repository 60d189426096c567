"""Which trials are not worth going on with: the median stopping rule (Golovin et al. 2017, section 3.2.2), at a quarter.

Most points of a good space differ by less than a validation split of 160 texts can tell, so that the median stops good
ones, too: on movie_reviews the best lstm of one seed in four (30 trials each). The first epochs say little, since the
learning rate still rises or has just begun to fall: the lower quartile at the second epoch stopped the best dense network
of one seed in five (60 trials of 10 epochs each), from the third on of none, and saves a quarter of the epochs.
"""

import numpy as np

AT_LEAST = 4  # trials that have to have finished before others are measured by them
FIRST = 3  # epoch


def thresholds(outcomes):
    """The accuracy that a trial has to have reached by each epoch to go on: the finished trials' lower quartile there.

    Trials that were pruned do not count, or the quartile would rise with each of them.

    Args:
        outcomes: list of :class:`sentiment.search.trials.Outcome`.

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
