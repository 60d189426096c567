"""Runs trials, each in a child run: on a worker, or by repeating the results of an identical earlier trial."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from mlflow.exceptions import MlflowException

from sentiment.errors import describe_error, killed
from sentiment.features.store import Features
from sentiment.model.families import get_family
from sentiment.model.space import Params
from sentiment.search.fitting import TrialConfig, run_trial
from sentiment.search.progress import TrialProgress
from sentiment.search.pruning import pruning_thresholds
from sentiment.search.trials import EarlierTrials, Outcome, TrialRecorder, params_key
from sentiment.search.workers import Pool, completed_future


class TrialRunner:
    """Begins trials.

    Args:
        config: settings that all trials of the search share.
        prune: whether to stop trials early that fall behind the others.
        recorder: opens the trials' runs.
        earlier: trials that finished earlier (:func:`sentiment.search.trials.finished_trials`).
        workers: where the trials run.
        progress: shows them on the console.
        scratch: folder for the models; None if they are not kept.
        hold: does not return if the search has been told to stop.
    """

    def __init__(
        self,
        config: TrialConfig,
        prune: bool,
        recorder: TrialRecorder,
        earlier: EarlierTrials,
        workers: Pool,
        progress: TrialProgress,
        scratch: str | None,
        hold: Callable[[], Any],
    ) -> None:
        self._config = config
        self._prune = prune
        self._recorder = recorder
        self._earlier = earlier
        self._workers = workers
        self._progress = progress
        self._scratch = Path(scratch) if scratch else None
        self._hold = hold
        # Networks of different seeds make a better ensemble (docs/explanation/defaults.md). Other families are
        # cross-validated, all on the same parts.
        self._own_seeds = get_family(config.family).trains_in_epochs

    def begin(self, number: int, params: Params, epochs: int | None, outcomes: list[Outcome]) -> Future[Outcome]:
        """The future of a trial's outcome; see :func:`sentiment.search.loop.run_trials`."""
        self._hold()
        passes = epochs or self._config.training.epochs
        seed = self._config.training.seed
        if self._own_seeds:
            seed += number - 1
        ended: Future[Outcome] = Future()

        def end(done: Future[Outcome]) -> None:
            # An error here, such as a lost tracking server or a closed console, ends the search. An exception in a
            # future's callback is dropped, and the search would wait for this trial forever.
            try:
                ended.set_result(record(done))
            except BaseException as error:
                ended.set_exception(error)

        def record(done: Future[Outcome]) -> Outcome:
            error = done.exception()  # of the worker; errors of the fit are part of the outcome
            if error:
                self._hold()  # a search that is told to stop also loses its workers
                if isinstance(error, MlflowException):
                    raise error
                if isinstance(error, BrokenProcessPool):
                    texts = len(Features(Path(self._config.features)).labels("train"))
                    error = killed("its process", texts)
                trial = self._recorder.recover(number, params, seed, epochs)
                trial.fail(error)
                outcome = Outcome(trial.run_id, trial.name, params, passes, error=describe_error(error))
            else:
                outcome = done.result()
            self._progress.show_trial(outcome)
            return outcome

        if earlier := self._earlier.get((params_key(params, epochs), str(seed))):
            trial = self._recorder.start(number, params, seed, epochs)
            end(completed_future(trial.repeat(earlier, params, passes, self._config.training.metric, seed)))
            return ended
        thresholds = pruning_thresholds(outcomes) if self._prune else ()
        show = self._progress.show_epoch if self._workers.here else None  # concurrent trials do not share the bar
        folder = self._scratch / str(number) if self._scratch else None
        how = (params, epochs, seed, thresholds, folder, show)
        self._workers.submit(run_trial, self._config, self._recorder, number, *how).add_done_callback(end)
        return ended
