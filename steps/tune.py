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
from sentiment.features.store import Features
from sentiment.model.families import get_family
from sentiment.model.space import format_params
from sentiment.model.training import Training
from sentiment.search.engines import SearchConfig, make_engine
from sentiment.search.fitting import TrialConfig, log_best_model, prepare, validate_training
from sentiment.search.loop import run_trials
from sentiment.search.options import check_options, log_word_vectors
from sentiment.search.progress import TrialProgress
from sentiment.search.runner import TrialRunner
from sentiment.search.space_file import narrow_space
from sentiment.search.trials import TrialRecorder, finished_trials
from sentiment.search.workers import Workers, thread_limits
from sentiment.tracking import DATASET, FEATURES, FINGERPRINT, OUTPUT_DIGEST, active_run, artifacts, checked_run, origin
from sentiment.workflow.logged_parameters import parameters_of
from sentiment.workflow.parameters import TuneParameters
from sentiment.workflow.reuse import runs_with_fingerprint

# What two searches have to have in common for the trials of one to count in the other.
THE_SAME = ("family", "epochs", "batch_size", "seed", "class_weight", "embedding", "pretrained")


def tune(parameters: TuneParameters, featurize_run: Run, hold: Callable[[], None]) -> None:
    check_options(parameters.family, parameters.model_dump(), TuneParameters().model_dump())
    family = get_family(parameters.family)
    training = Training(
        seed=parameters.seed,
        epochs=parameters.epochs,
        batch_size=parameters.batch_size,
        class_weight=parameters.class_weight,
        embedding=parameters.embedding,
        pretrained=parameters.pretrained,
        members=parameters.members,
    )
    grid = parameters.algo == "grid"
    space, start = narrow_space(family.name, *family.search_space(training), parameters.space, discrete=grid)
    this_run = mlflow.get_run(active_run().info.run_id)
    mlflow.set_tags({"family": parameters.family, "featurize_run": featurize_run.info.run_id})
    vectors = ""
    if parameters.embedding != "random":
        folders = artifacts(featurize_run.info.run_id, FEATURES), artifacts(origin(featurize_run).ingest_run, DATASET)
        vectors, space, start = log_word_vectors(
            parameters.embedding, parameters.embedding_file, Features(*folders), parameters.seed, space, start
        )
    search = SearchConfig(
        family.name, parameters.tuner, parameters.algo, parameters.max_evals, parameters.epochs, parameters.seed
    )
    start_engine, count = make_engine(search, space, start)
    earlier = earlier_trials(this_run, featurize_run, parameters)
    workers, where = where_trials_run(parameters, count)
    prune = parameters.prune and family.trains_in_epochs  # other families have a single epoch, the whole fit
    training = replace(training, vectors=vectors and where(this_run.info.run_id, vectors))
    config = TrialConfig(
        family.name,
        where(featurize_run.info.run_id, FEATURES),
        where(origin(featurize_run).ingest_run, DATASET),
        training,
        mlflow.get_tracking_uri(),
    )

    with (
        closing(workers),
        tempfile.TemporaryDirectory() as scratch,
        TrialProgress(parameters.family, count) as progress,
    ):
        if "pretrained" in family.options:
            workers.submit(validate_training, family.name, training).result()
        recorder = TrialRecorder(parameters.family, this_run)
        runner = TrialRunner(
            config,
            parameters.epochs,
            prune,
            recorder,
            earlier,
            workers,
            progress,
            scratch if where is local_path else None,
            hold,
        )
        outcomes = run_trials(start_engine(), runner.begin, count, workers.count, workers.has_room)
        best = best_of(outcomes, parameters.family)
        dataset = origin(featurize_run).dataset_digest
        logged = workers.submit(log_best_model, config, this_run.info.run_id, best, dataset).result()

    mlflow.log_params({f"best_{name}": value for name, value in best.params.items()})
    mlflow.log_metrics({f"validation_{name}": value for name, value in logged.figures.items()})
    failed = [outcome for outcome in outcomes if outcome.error]
    pruned = [outcome for outcome in outcomes if outcome.figures is None and not outcome.error]
    mlflow.log_metrics(
        {
            "train_seconds": best.seconds + logged.seconds,
            "failed_trials": len(failed),
            "pruned_trials": len(pruned),
        }
    )
    mlflow.set_tags(
        {
            OUTPUT_DIGEST: logged.digest,
            "best_trial": best.run_id,
            "model_uri": logged.uri,
            "mlflow.note.content": f"Best of {count} trials: `{format_params(best.params)}`, "
            f"validation accuracy {logged.figures['accuracy']:.4f}.",
        }
    )


def where_trials_run(parameters, count):
    """The workers, and how they find an artifact: a function of its run's id and its path."""
    if parameters.engine == "local":
        if parameters.spark_master:
            raise UserError(f"spark_master={parameters.spark_master} without engine=spark: give both, or neither")
        # A trial of scikit-learn is over before a process for it has started.
        usual = os.cpu_count() if get_family(parameters.family).trains_in_epochs else 1
        at_once = min(parameters.parallelism or usual, count)
        os.environ |= thread_limits(at_once)
        return Workers(at_once, partial(prepare, parameters.family)), local_path
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
