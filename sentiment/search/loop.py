"""The loop of a search: ask for points, run trials at them, several at once, and tell how they went."""

from concurrent.futures import FIRST_COMPLETED, wait

# A point is proposed with the results of the trials that are at least this far back, and those between as running. Which
# trials happen to have ended then does not matter: the same seed gives the same trials whatever the parallelism.
LAG = 4
ROOM_SECONDS = 0.5  # how often a search with trials going asks whether there is room for one more


def run_trials(search, begin, count, at_once, has_room=lambda going: True):
    """Run the trials of a search.

    Args:
        search: has ``tell(number, loss)``, and ``ask()``, which gives the next point and its number of epochs, None
            for the usual one; or None where it has to be told of a trial before, or has no more points.
        begin: function of a trial's number (from 1), its point, its epochs and the outcomes told so far (list of
            :class:`sentiment.search.trials.Outcome`); returns the future of the trial's outcome.
        count: number of trials at most.
        at_once: how many may run at the same time.
        has_room: function of the number of trials going that says whether one more may begin beside them; where none
            is going, it waits until one may.

    Returns:
        The list of the outcomes.
    """
    lag = max(LAG, at_once)
    trials, told = [], []

    def hear(up_to):
        while len(told) < up_to:
            told.append(trials[len(told)].result())
            search.tell(len(told), told[-1].loss)

    for number in range(1, count + 1):
        while len(going := [trial for trial in trials if not trial.done()]) >= at_once or not has_room(len(going)):
            wait(going, ROOM_SECONDS, FIRST_COMPLETED)
        hear(number - lag)
        while (proposal := search.ask()) is None and len(told) < len(trials):
            hear(len(told) + 1)
        if proposal is None:
            break
        trials.append(begin(number, *proposal, list(told)))
    hear(len(trials))
    return told
