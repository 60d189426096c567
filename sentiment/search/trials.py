"""Trials as MLflow runs: each a child of its tune run, with its point, its epochs, its figures and how it ended."""

import time
import traceback
from dataclasses import dataclass

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

from sentiment.model.space import label
from sentiment.tracking import REUSED

TRIAL = "trial"  # tag with the trial's number, from 1
PRUNED = "pruned"  # tag of a trial that was stopped early
VALIDATION_PREDICTIONS = "validation_predictions.parquet"  # artifact of a tune run: probabilities, a column a class
VALIDATION = "validation_"  # before the names of the fitted model's figures on the validation split
CROSS_VALIDATED = "cross_validated_accuracy"  # among those figures, where a family has it


@dataclass(frozen=True)
class Outcome:
    """What became of a trial.

    Args:
        run_id: the trial's run.
        name: its name.
        point: dict of hyperparameters.
        epochs: passes over the training split.
        figures: the model's figures on the validation split, a dict; None for a trial that failed or was pruned.
        loss: what the search is to make small (:func:`loss`); None for a trial that failed.
        curve: validation accuracy after each epoch, a tuple.
        seconds: duration of the fit.
        model: folder of the saved model; None where it was not kept.
        error: what went wrong, in one line, or None.
    """

    run_id: str
    name: str
    point: dict
    epochs: int
    figures: dict | None = None
    loss: float | None = None
    curve: tuple = ()
    seconds: float = 0.0
    model: str | None = None
    error: str | None = None


class TrialRecorder:
    """Opens a child run for each trial of a family and keeps it up to date.

    Args:
        family: name of the family.
        parent: the tune run, an ``mlflow.entities.Run``.
    """

    def __init__(self, family, parent):
        self._client = MlflowClient()
        self._family = family
        self._parent = parent
        self.count = 0

    def start(self, point, epochs=None):
        """Open the run of the next trial, with its own number of epochs if it has one, and return a :class:`TrialRun`."""
        self.count += 1
        name = f"{self._family}-{self.count:02d} {label(point)}"
        inherited = ("mlflow.user", "mlflow.source.name", "mlflow.source.type", "mlflow.source.git.commit")
        tags = {key: value for key, value in self._parent.data.tags.items() if key in inherited}
        tags |= {"mlflow.parentRunId": self._parent.info.run_id, "family": self._family, TRIAL: str(self.count)}
        run = self._client.create_run(self._parent.info.experiment_id, run_name=name, tags=tags)
        params = [Param(key, value) for key, value in point_key(point, epochs)]
        self._client.log_batch(run.info.run_id, params=params)
        return TrialRun(self._client, run.info.run_id, name)


class TrialRun:
    """The run in which one fit is recorded.

    Args:
        client: an ``MlflowClient``.
        run_id: id of its run.
        name: the run's name.
    """

    def __init__(self, client, run_id, name):
        self._client = client
        self.run_id = run_id
        self.name = name
        self._started = self._logged = time.time()
        self._waiting = []  # metrics of epochs that have not been logged yet
        self.seconds = None

    def epoch(self, epoch, figures, within=0.0):
        """Log the figures of an epoch (from 1), together with those of others that ended ``within`` seconds."""
        self._waiting += self._metrics(figures, step=epoch)
        if time.time() - self._logged >= within:
            self._log()

    def fitted(self):
        """The fit has ended: ``seconds`` is how long it took, which :meth:`result` logs."""
        self.seconds = time.time() - self._started

    def result(self, figures):
        """Log the figures of the fitted model on the validation split, and the duration of the fit in seconds."""
        named = {VALIDATION + name: value for name, value in figures.items()}
        self._waiting += self._metrics(named | {"train_seconds": self.seconds})
        self._log()

    def prune(self, epoch):
        """End the run of a trial that was stopped after an epoch because others were better there."""
        self._log()
        self._client.set_tag(self.run_id, PRUNED, f"after epoch {epoch}")
        self.finish()

    def repeat(self, run, point, epochs):
        """Take over the figures of a trial that has been run before at this point, and return its :class:`Outcome`."""
        history = {key: self._client.get_metric_history(run.info.run_id, key) for key in run.data.metrics}
        self._client.log_batch(
            self.run_id,
            metrics=[metric for metrics in history.values() for metric in metrics],
            tags=[RunTag(REUSED, run.info.run_id)]
            + [RunTag(key, value) for key, value in run.data.tags.items() if key == PRUNED],
        )
        self.finish()
        curve = tuple(
            metric.value for metric in sorted(history.get("val_accuracy", ()), key=lambda metric: metric.step)
        )
        if PRUNED in run.data.tags:
            return Outcome(self.run_id, self.name, point, epochs, loss=1 - curve[-1], curve=curve)
        figures = {
            key.removeprefix(VALIDATION): value for key, value in run.data.metrics.items() if key.startswith(VALIDATION)
        }
        seconds = run.data.metrics["train_seconds"]
        return Outcome(self.run_id, self.name, point, epochs, figures, loss(figures), curve, seconds)

    def finish(self):
        self._client.set_terminated(self.run_id, "FINISHED")

    def fail(self, error):
        """Keep what went wrong, as the tag ``error`` and the artifact traceback.txt, and end the run as FAILED."""
        self._log()
        self._client.set_tag(self.run_id, "error", describe(error)[:5000])
        self._client.log_text(self.run_id, "".join(traceback.format_exception(error)), "traceback.txt")
        self._client.set_terminated(self.run_id, "FAILED")

    def _log(self):
        self._client.log_batch(self.run_id, metrics=self._waiting)
        self._waiting, self._logged = [], time.time()

    @staticmethod
    def _metrics(figures, step=0):
        now = int(time.time() * 1000)
        return [Metric(key, float(value), now, step) for key, value in figures.items()]


def finished_trials(tune_runs):
    """The trials below some tune runs that came to their end: a dict from :func:`point_key` to the run.

    Args:
        tune_runs: list of ``mlflow.entities.Run``, finished or not.
    """
    client = MlflowClient()
    trials = [
        trial
        for run in tune_runs
        for trial in client.search_runs(
            [run.info.experiment_id],
            f"tags.`mlflow.parentRunId` = '{run.info.run_id}' and attributes.status = 'FINISHED'",
        )
        if TRIAL in trial.data.tags
    ]
    return {point_key(trial.data.params): trial for trial in trials}


def point_key(point, epochs=None):
    """A point by every digit of its values, the same for the point itself and for the parameters of its run.

    Args:
        point: dict of hyperparameters, or of a run's parameters.
        epochs: the trial's own number of epochs, which is a parameter of its run, too.
    """
    named = point | ({"epochs": epochs} if epochs else {})
    return tuple(sorted((name, str(value)) for name, value in named.items()))


def loss(figures):
    """What a search is to make small: the share of wrong labels, in the cross-validation where there was one."""
    return 1 - figures.get(CROSS_VALIDATED, figures["accuracy"])


def describe(error):
    """An exception in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())
