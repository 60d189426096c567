"""Trials as MLflow runs: each is a child of its tune run, with its hyperparameters, epochs, metrics and outcome."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag

from sentiment.errors import UserError, describe_error, hide_credentials
from sentiment.model.space import Params, format_params
from sentiment.model.training import Criterion
from sentiment.runs import child_runs
from sentiment.tracking import (
    ERROR,
    FAMILY,
    GIT_COMMIT,
    GIT_DIRTY,
    MAX_TAG,
    NOTE,
    PARENT,
    PRUNED,
    REUSED,
    SEED,
    SOURCE_NAME,
    SOURCE_TYPE,
    TRIAL,
    USER,
)

VALIDATION = "validation_"  # prefix of the fitted model's metrics on the validation split
CROSS_VALIDATED = "cross_validated_"  # prefix of the search's metric among these, if the family cross-validates
BEST = "best_"  # prefix of the best trial's parameters (:func:`best_params`) among the parameters of a tune run
TRAIN_SECONDS = "train_seconds"

ParamsKey = tuple[tuple[str, str], ...]  # from params_key
EarlierTrials = dict[tuple[ParamsKey, str | None], Run]  # from finished_trials


@dataclass(frozen=True)
class Outcome:
    """The outcome of a trial.

    Args:
        run_id: the trial's run.
        name: its name.
        params: hyperparameters.
        epochs: passes over the training split.
        figures: the model's metrics on the validation split; None if the trial failed or was pruned.
        loss: what the search minimizes (:func:`loss_of`); None if the trial failed.
        curve: score of the metric after each epoch, the higher the better (:meth:`Criterion.score`).
        seconds: duration of the fit.
        model: folder of the saved model; None if it was not kept.
        seed: of the fit.
        error: what went wrong, in one line.
    """

    run_id: str
    name: str
    params: Params
    epochs: int
    figures: dict[str, float] | None = None
    loss: float | None = None
    curve: tuple[float, ...] = ()
    seconds: float = 0.0
    model: Path | None = None
    seed: int = 0
    error: str | None = None


class TrialRecorder:
    """Opens a child run for each trial of a family, in any process.

    Args:
        family: name of the family.
        parent: the tune run.
    """

    def __init__(self, family: str, parent: Run) -> None:
        self._family = family
        self._parent = parent.info
        inherited = (USER, SOURCE_NAME, SOURCE_TYPE, GIT_COMMIT, GIT_DIRTY)
        self._tags = {key: value for key, value in parent.data.tags.items() if key in inherited}

    def start(self, number: int, params: Params, seed: int, epochs: int | None = None) -> TrialRun:
        """Open the run of a trial (from 1), with its own number of epochs if it has one."""
        client, name = MlflowClient(), self._name(number)
        tags = self._tags | {PARENT: self._parent.run_id, FAMILY: self._family, TRIAL: str(number), SEED: str(seed)}
        tags[NOTE] = f"`{format_params(params)}`"  # until they are logged as parameters
        run = client.create_run(self._parent.experiment_id, run_name=name, tags=tags)
        return TrialRun(client, run.info.run_id, name, params_key(params, epochs))

    def recover(self, number: int, params: Params, seed: int, epochs: int | None = None) -> TrialRun:
        """The run of a trial whose process was lost; a new one if it had not opened it."""
        client = MlflowClient()
        of_trial = f"tags.`{PARENT}` = '{self._parent.run_id}' and tags.`{TRIAL}` = '{number}'"
        if runs := client.search_runs([self._parent.experiment_id], of_trial):
            return TrialRun(client, runs[0].info.run_id, self._name(number), params_key(params, epochs))
        return self.start(number, params, seed, epochs)

    def _name(self, number: int) -> str:
        return f"{self._family}-{number:02d}"


class TrialRun:
    """The run in which one fit is recorded.

    Its parameters are logged with its first metrics, in one call: calls take milliseconds, and short fits wait for
    them.

    Args:
        client: of the tracking store.
        run_id: id of the run.
        name: the run's name.
        params: its parameters (:func:`params_key`), unless they are logged already.
    """

    def __init__(self, client: MlflowClient, run_id: str, name: str, params: ParamsKey = ()) -> None:
        self._client = client
        self.run_id = run_id
        self.name = name
        self._unlogged = [Param(key, value) for key, value in params]
        self._logged = time.time()
        self._pending: list[Metric] = []

    def log_epoch(self, epoch: int, figures: Mapping[str, float], within: float = 0.0) -> None:
        """Log the metrics of an epoch (from 1), together with other epochs that ended ``within`` seconds."""
        self._pending += self._metrics(figures, step=epoch)
        if time.time() - self._logged >= within:
            self._flush()

    def log_result(self, figures: Mapping[str, float], seconds: float) -> None:
        """Log the metrics of the fitted model on the validation split, and the duration of the fit."""
        named = {VALIDATION + name: value for name, value in figures.items()}
        self._pending += self._metrics(named | {TRAIN_SECONDS: seconds})
        self._flush()

    def prune(self, epoch: int) -> None:
        """End the run of a trial that was stopped after an epoch because others were better by then."""
        self._flush(RunTag(PRUNED, f"after epoch {epoch}"))
        self.finish()

    def repeat(self, run: Run, params: Params, epochs: int, metric: Criterion, seed: int) -> Outcome:
        """Copy the metrics of an earlier trial with the same hyperparameters, and end the run.

        ``seed`` is that trial's, to fit its model again if it is needed.
        """
        history = {key: self._client.get_metric_history(run.info.run_id, key) for key in run.data.metrics}
        self._pending = [point for points in history.values() for point in points]
        pruned = [RunTag(key, value) for key, value in run.data.tags.items() if key == PRUNED]
        self._flush(RunTag(REUSED, run.info.run_id), *pruned)
        self.finish()
        values = sorted(history.get(f"val_{metric.name}", ()), key=lambda point: point.step)
        curve = tuple(metric.score(point.value) for point in values)
        if PRUNED in run.data.tags:
            return Outcome(self.run_id, self.name, params, epochs, loss=1 - curve[-1], curve=curve, seed=seed)
        figures = {
            key.removeprefix(VALIDATION): value for key, value in run.data.metrics.items() if key.startswith(VALIDATION)
        }
        seconds, loss = run.data.metrics[TRAIN_SECONDS], loss_of(figures, metric)
        return Outcome(self.run_id, self.name, params, epochs, figures, loss, curve, seconds, seed=seed)

    def finish(self) -> None:
        if self._unlogged:
            self._flush()
        self._client.set_terminated(self.run_id, "FINISHED")

    def fail(self, error: BaseException) -> None:
        """End the run as FAILED, with the error as a tag and the traceback as the artifact traceback.txt."""
        self._flush(RunTag(ERROR, describe_error(error)[:MAX_TAG]))
        lines = hide_credentials("".join(traceback.format_exception(error)))
        self._client.log_text(self.run_id, lines, "traceback.txt")
        self._client.set_terminated(self.run_id, "FAILED")

    def _flush(self, *tags: RunTag) -> None:
        self._client.log_batch(self.run_id, metrics=self._pending, params=self._unlogged, tags=tags)
        self._pending, self._unlogged, self._logged = [], [], time.time()

    @staticmethod
    def _metrics(figures: Mapping[str, float], step: int = 0) -> list[Metric]:
        now = int(time.time() * 1000)
        return [Metric(key, float(value), now, step) for key, value in figures.items()]


def finished_trials(tune_runs: Iterable[Run], pruned: bool = True) -> EarlierTrials:
    """The finished trials of some tune runs, which need not be finished themselves.

    Args:
        tune_runs: the runs.
        pruned: whether to include pruned trials.

    Returns:
        By hyperparameters (:func:`params_key`) and seed: networks with other seeds are different trials.
    """
    trials = [
        trial
        for run in tune_runs
        for trial in child_runs(run)
        if TRIAL in trial.data.tags and trial.info.status == "FINISHED" and (pruned or PRUNED not in trial.data.tags)
    ]
    return {(params_key(trial.data.params), trial.data.tags.get(SEED)): trial for trial in trials}


def params_key(params: Mapping[str, Any], epochs: int | None = None) -> ParamsKey:
    """Hyperparameters as a key, the same for the hyperparameters themselves and for the parameters of their run.

    Args:
        params: hyperparameters, or a run's parameters.
        epochs: the trial's own number of epochs, which is also a parameter of its run.
    """
    named = dict(params) | ({"epochs": epochs} if epochs else {})
    return tuple(sorted((name, str(value)) for name, value in named.items()))


def best_params(tune_run: Run) -> dict[str, str]:
    """The hyperparameters of a search's best trial, as text, ``epochs`` and ``seed`` if they are not the search's."""
    params = tune_run.data.params.items()
    return {name.removeprefix(BEST): value for name, value in params if name.startswith(BEST)}


def loss_of(figures: Mapping[str, float], metric: Criterion) -> float:
    """The loss of a search: 1 minus the score of the metric, cross-validated if the family does that."""
    return 1 - metric.score(figures.get(CROSS_VALIDATED + metric.name, figures[metric.name]))


def rank_trials(outcomes: Sequence[Outcome], family: str) -> list[Outcome]:
    """The completed trials, by their loss (:func:`loss_of`) and then their log loss, the best first.

    Raises:
        UserError: all trials failed.
    """
    complete = [outcome for outcome in outcomes if outcome.figures]
    if not complete:
        error = (outcomes[0].error or "").removeprefix("UserError: ")
        raise UserError(
            f"all {len(outcomes)} trials of {family} failed, the first with {error} (traceback.txt in its run)"
        )
    return sorted(complete, key=lambda outcome: (outcome.loss or 0.0, (outcome.figures or {})["log_loss"]))
