"""Which trials are not worth going on with: the median stopping rule (Golovin et al. 2017, section 3.2.2)."""

import statistics

AT_LEAST = 4  # trials that have to have come to an epoch before others are measured by them


def thresholds(outcomes):
    """The accuracy that a trial has to have after each epoch to go on: the median of the trials that came that far.

    Args:
        outcomes: list of :class:`steps.search.trials.Outcome`.

    Returns:
        A tuple of floats, one for each epoch to which at least ``AT_LEAST`` trials came.
    """
    result = []
    for epoch in range(max((len(outcome.curve) for outcome in outcomes), default=0)):
        there = [outcome.curve[epoch] for outcome in outcomes if len(outcome.curve) > epoch]
        if len(there) < AT_LEAST:
            break
        result.append(statistics.median(there))
    return tuple(result)
