"""Search the hyperparameters of one family, a child run for each trial, and keep the best model."""

import os
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial

import mlflow
from mlflow.entities import Run

from sentiment.errors import UserError
from sentiment.model import families
from sentiment.model.space import label
from sentiment.search.engines import engine
from sentiment.search.fitting import Setting, check_checkpoint, log_best, ready
from sentiment.search.loop import run_trials
from sentiment.search.options import check_options, search_space, start_from_vectors, training_of
from sentiment.search.progress import TrialProgress
from sentiment.search.runner import TrialRunner
from sentiment.search.space_file import narrowed
from sentiment.search.trials import TrialRecorder, finished_trials
from sentiment.search.workers import Workers, thread_limits
from sentiment.tracking import FINGERPRINT, OUTPUT_DIGEST, active_run, artifacts, checked_run
from sentiment.workflow.logged_parameters import parameters_of
from sentiment.workflow.parameters import TuneParameters
from sentiment.workflow.reuse import runs_with_fingerprint

# What two searches have to have in common for the trials of one to count in the other.
THE_SAME = ("family", "epochs", "batch_size", "seed", "class_weight", "embedding", "pretrained")


def tune(parameters: TuneParameters, featurize_run: Run, hold: Callable[[], None]) -> None:
    check_options(parameters)
    grid = parameters.algo == "grid"
    space, start = narrowed(parameters.family, *search_space(parameters), parameters.space, discrete=grid)
    this_run = mlflow.get_run(active_run().info.run_id)
    mlflow.set_tags({"family": parameters.family, "featurize_run": featurize_run.info.run_id})
    vectors, space, start = start_from_vectors(parameters, featurize_run, space, start)
    make_engine, count = engine(parameters, space, start)
    earlier = earlier_trials(this_run, featurize_run, parameters)
    workers, where = where_trials_run(parameters, count)
    prune = parameters.prune and families.is_keras(parameters.family)  # the only epoch of others is the end of the fit
    training = replace(training_of(parameters), vectors=vectors and where(this_run.info.run_id, vectors))
    setting = Setting(
        parameters.family,
        where(featurize_run.info.run_id, "features"),
        where(featurize_run.data.tags["ingest_run"], "dataset"),
        training,
        mlflow.get_tracking_uri(),
    )

    with (
        closing(workers),
        tempfile.TemporaryDirectory() as scratch,
        TrialProgress(parameters.family, count) as progress,
    ):
        if parameters.pretrained:
            workers.submit(check_checkpoint, parameters.family, parameters.pretrained).result()
        recorder = TrialRecorder(parameters.family, this_run)
        runner = TrialRunner(
            setting,
            parameters.epochs,
            prune,
            recorder,
            earlier,
            workers,
            progress,
            scratch if where is local_path else None,
            hold,
        )
        outcomes = run_trials(make_engine(), runner.begin, count, workers.count, workers.has_room)
        best = best_of(outcomes, parameters.family)
        dataset = featurize_run.data.tags["dataset.digest"]
        logged = workers.submit(log_best, setting, this_run.info.run_id, best, dataset).result()
    model_uri, digest, figures, more_seconds = logged

    mlflow.log_params({f"best_{name}": value for name, value in best.point.items()})
    mlflow.log_metrics({f"validation_{name}": value for name, value in figures.items()})
    failed = [outcome for outcome in outcomes if outcome.error]
    pruned = [outcome for outcome in outcomes if outcome.figures is None and not outcome.error]
    mlflow.log_metrics(
        {
            "train_seconds": best.seconds + more_seconds,
            "failed_trials": len(failed),
            "pruned_trials": len(pruned),
        }
    )
    mlflow.set_tags(
        {
            OUTPUT_DIGEST: digest,
            "best_trial": best.run_id,
            "model_uri": model_uri,
            "mlflow.note.content": f"Best of {count} trials: `{label(best.point)}`, "
            f"validation accuracy {figures['accuracy']:.4f}.",
        }
    )


def where_trials_run(parameters, count):
    """The workers, and how they find an artifact: a function of its run's id and its path."""
    if parameters.engine == "local":
        if parameters.spark_master:
            raise UserError(f"spark_master={parameters.spark_master} without engine=spark: give both, or neither")
        # A trial of scikit-learn is over before a process for it has started.
        usual = os.cpu_count() if families.is_keras(parameters.family) else 1
        at_once = min(parameters.parallelism or usual, count)
        os.environ |= thread_limits(at_once)
        return Workers(at_once, partial(ready, parameters.family)), local_path
    uri = mlflow.get_tracking_uri()
    if not parameters.spark_master:
        raise UserError("engine=spark without spark_master: expected spark://host:port, or local[n] on this machine")
    if not parameters.parallelism and not parameters.spark_master.startswith("local"):
        raise UserError(
            "engine=spark on a cluster without parallelism: say how many trials run at a time, its number of cores; "
            "Spark itself does not know it until its executors have come up"
        )
    if not uri.startswith(("http://", "https://", "databricks")):
        raise UserError(
            f"engine=spark: the workers cannot log to {uri}, a file of this machine; start a tracking server "
            "(mlflow server) and set MLFLOW_TRACKING_URI to its http:// address"
        )
    try:
        from sentiment.search.spark_workers import SparkWorkers
    except ModuleNotFoundError as missing:
        raise UserError("engine=spark needs pyspark: pip install -r requirements-spark.txt") from missing
    return SparkWorkers(parameters.spark_master, parameters.parallelism), on_the_server


def local_path(run_id, artifact):
    return str(artifacts(run_id, artifact))


def on_the_server(run_id, artifact):
    return f"runs:/{run_id}/{artifact}"


def earlier_trials(this_run, featurize_run, parameters):
    """The trials to go on from: those of a search that was broken off, or of ``resume_run``."""
    found = {}
    if parameters.reuse and FINGERPRINT in this_run.data.tags:
        found |= finished_trials(runs_with_fingerprint("tune", this_run.data.tags[FINGERPRINT]))
    if parameters.resume_run:
        run = checked_run("resume_run", parameters.resume_run, "tune", ended=False)
        before = parameters_of(run, TuneParameters)
        for name in THE_SAME:
            was, now = getattr(before, name), getattr(parameters, name)
            if was != now:
                raise UserError(
                    f"resume_run={run.info.run_id} had {name}={was}, and this search has {now}: give it the same"
                )
        features = mlflow.get_run(run.data.tags["featurize_run"]).data.tags[OUTPUT_DIGEST]
        if features != featurize_run.data.tags[OUTPUT_DIGEST]:
            raise UserError(f"resume_run={run.info.run_id} was on other features: give it the same featurize_run")
        found |= finished_trials([run])
    if found:
        print(f"tune {parameters.family}: going on from {len(found)} finished trials", flush=True)
    return found


def best_of(outcomes, family):
    """The trial with the highest accuracy, cross-validated where it was; of equal ones, that with the lowest log loss."""
    complete = [outcome for outcome in outcomes if outcome.figures]
    if not complete:
        raise UserError(
            f"all {len(outcomes)} trials of {family} failed, the first with {outcomes[0].error.removeprefix('UserError: ')} (traceback.txt in its run)"
        )
    return max(complete, key=lambda outcome: (-outcome.loss, -outcome.figures["log_loss"]))
