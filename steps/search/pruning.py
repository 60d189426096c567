"""Which trials are not worth going on with: a median stopping rule (Golovin et al. 2017, section 3.2.2)."""

import statistics

AT_LEAST = 4  # trials that have to have finished before others are measured by them
FIRST = 2  # epoch; in the one before the learning rate still rises, and what it leaves says little about the last


def thresholds(outcomes):
    """The accuracy that a trial has to have reached by each epoch to go on: the median of the finished trials there.

    Trials that were pruned do not count, or the median would rise with each of them.

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
        result.append(statistics.median(there) if epoch >= FIRST else 0.0)
    return tuple(result)
