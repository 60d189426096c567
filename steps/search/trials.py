"""Trials as MLflow runs: each a child of its tune run, with its point, its epochs, its figures and how it ended."""

import time
import traceback

from mlflow import MlflowClient
from mlflow.entities import Metric, Param

from steps.search.space import label
from steps.workflow.upstream import REUSED

TRIAL = "trial"  # tag with the trial's number, from 1
VALIDATION = "validation_"  # before the names of the fitted model's figures on the validation split


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

    def start(self, point):
        """Open the run of the next trial and return a :class:`TrialRun`."""
        self.count += 1
        name = f"{self._family}-{self.count:02d} {label(point)}"
        inherited = ("mlflow.user", "mlflow.source.name", "mlflow.source.type", "mlflow.source.git.commit")
        tags = {key: value for key, value in self._parent.data.tags.items() if key in inherited}
        tags |= {"mlflow.parentRunId": self._parent.info.run_id, "family": self._family, TRIAL: str(self.count)}
        run = self._client.create_run(self._parent.info.experiment_id, run_name=name, tags=tags)
        self._client.log_batch(run.info.run_id, params=[Param(key, str(value)) for key, value in point.items()])
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
        self._started = time.time()
        self.seconds = None

    def epoch(self, epoch, figures):
        """Log the figures of an epoch (from 1), all at once."""
        self._client.log_batch(self.run_id, metrics=self._metrics(figures, step=epoch))

    def result(self, figures):
        """Log the figures of the fitted model on the validation split, and the duration of the fit in seconds."""
        self.seconds = time.time() - self._started
        named = {VALIDATION + name: value for name, value in figures.items()}
        self._client.log_batch(self.run_id, metrics=self._metrics(named | {"train_seconds": self.seconds}))

    def repeat(self, run):
        """Take over the figures of a trial that has been run before at this point, and return those of its result."""
        metrics = []
        for key in run.data.metrics:
            metrics += self._client.get_metric_history(run.info.run_id, key)
        self._client.log_batch(self.run_id, metrics=metrics)
        self._client.set_tag(self.run_id, REUSED, run.info.run_id)
        self.seconds = run.data.metrics["train_seconds"]
        return {
            key.removeprefix(VALIDATION): value for key, value in run.data.metrics.items() if key.startswith(VALIDATION)
        }

    def finish(self):
        self._client.set_terminated(self.run_id, "FINISHED")

    def fail(self, error):
        """Keep what went wrong, as the tag ``error`` and the artifact traceback.txt, and end the run as FAILED."""
        self._client.set_tag(self.run_id, "error", describe(error)[:5000])
        self._client.log_text(self.run_id, "".join(traceback.format_exception(error)), "traceback.txt")
        self._client.set_terminated(self.run_id, "FAILED")

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


def point_key(point):
    """A point by every digit of its values, the same for the point itself and for the parameters of its run."""
    return tuple(sorted((name, str(value)) for name, value in point.items()))


def describe(error):
    """An exception in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())
