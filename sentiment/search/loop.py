"""The loop of a search: ask for hyperparameters, run trials with them, several at a time, and report their losses."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TYPE_CHECKING

from sentiment.model.space import Params

if TYPE_CHECKING:
    from sentiment.search.engines import Engine
    from sentiment.search.trials import Outcome

# Proposals are based on the results of trials that are at least this far back; the trials in between count as running,
# whether or not they have ended. So the same seed gives the same trials with any parallelism up to this.
LAG = 4
ROOM_SECONDS = 0.5  # how often a search with running trials checks whether there is room for one more

BeginTrial = Callable[[int, Params, int | None, "list[Outcome]"], "Future[Outcome]"]


def lag_of(parallelism: int) -> int:
    """The lag of a search with this many trials at a time; more than ``LAG`` change which trials it runs."""
    return max(LAG, parallelism)


def always_has_room(running: int) -> bool:
    return True


def run_trials(
    engine: Engine,
    begin: BeginTrial,
    count: int,
    at_once: int,
    has_room: Callable[[int], bool] = always_has_room,
    lag: int = LAG,
) -> list[Outcome]:
    """Run the trials of a search; the next proposal is made while others run.

    Args:
        engine: proposes the hyperparameters.
        begin: function of a trial's number (from 1), hyperparameters, number of epochs (None for the usual one) and the
            outcomes reported so far; returns the future of the trial's outcome.
        count: maximum number of trials.
        at_once: how many may run at the same time.
        has_room: function of the number of running trials that says whether one more may begin. If none is running, it
            blocks until one may.
        lag: a proposal uses the results of trials at least this far back. At most so many run at a time.

    Returns:
        The outcomes in the order of the trials.
    """
    trials: list[Future[Outcome]] = []
    reported: list[Outcome] = []

    def report(up_to: int) -> None:
        while len(reported) < up_to:
            reported.append(trials[len(reported)].result())
            engine.tell(len(reported), reported[-1].loss)

    for number in range(1, count + 1):
        report(number - lag)
        while (proposal := engine.ask()) is None and len(reported) < len(trials):
            report(len(reported) + 1)
        if proposal is None:
            break
        while len(running := [trial for trial in trials if not trial.done()]) >= at_once or not has_room(len(running)):
            wait(running, ROOM_SECONDS, FIRST_COMPLETED)
        trials.append(begin(number, *proposal, list(reported)))
    report(len(trials))
    return reported
