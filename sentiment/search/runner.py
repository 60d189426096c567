"""Trials as they are run: each in a child run of its own, by a worker, or repeated where it has been run before."""

from concurrent.futures import Future
from pathlib import Path

from sentiment.search.fitting import run_trial
from sentiment.search.pruning import thresholds
from sentiment.search.trials import Outcome, describe, point_key
from sentiment.search.workers import completed


class TrialRunner:
    """Begins trials.

    Args:
        setting: the :class:`sentiment.search.fitting.Setting` of the search.
        epochs: passes over the training split.
        prune: whether trials are stopped that fall behind the others.
        recorder: the :class:`sentiment.search.trials.TrialRecorder` of the search.
        earlier: dict from :func:`sentiment.search.trials.point_key` to the run of a trial that has ended before.
        workers: the :class:`sentiment.search.workers.Workers`, or what has its methods.
        progress: the :class:`sentiment.search.progress.TrialProgress`.
        scratch: folder for the models; None where they are not kept.
        hold: does not return where the search has been told to end.
    """

    def __init__(self, setting, epochs, prune, recorder, earlier, workers, progress, scratch, hold):
        self._setting = setting
        self._epochs = epochs
        self._prune = prune
        self._recorder = recorder
        self._earlier = earlier
        self._workers = workers
        self._progress = progress
        self._scratch = scratch and Path(scratch)
        self._hold = hold

    def begin(self, number, point, epochs, outcomes):
        """The future of a trial's outcome; see :func:`sentiment.search.loop.run_trials`."""
        self._hold()
        trial = self._recorder.start(point, epochs)
        passes = epochs or self._epochs
        ended = Future()

        def end(done):
            error = done.exception()  # the worker's; what goes wrong in a fit is in the outcome
            if error:
                self._hold()  # the workers of a search that is told to end die, too
                trial.fail(error)
                outcome = Outcome(trial.run_id, trial.name, point, passes, error=describe(error))
            else:
                outcome = done.result()
            self._progress.trial(outcome)
            ended.set_result(outcome)

        if earlier := self._earlier.get(point_key(point, epochs)):
            end(completed(trial.repeat(earlier, point, passes)))
            return ended
        bounds = thresholds(outcomes) if self._prune else ()
        show = self._progress.epoch if self._workers.here else None  # of several at once none has the console
        folder = self._scratch and self._scratch / str(number)
        fit = (self._setting, trial.run_id, trial.name, point, passes, bounds, folder, show)
        self._workers.submit(run_trial, *fit).add_done_callback(end)
        return ended
