"""Search the hyperparameters of one family, a child run for each trial, and keep the best model."""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import mlflow
from mlflow.entities import Run

from sentiment.artifacts import artifacts
from sentiment.corpora.logged_datasets import log_model_metrics, use_datasets
from sentiment.digests import content_digest
from sentiment.errors import UserError
from sentiment.features.store import Features
from sentiment.model.families import get_family
from sentiment.model.space import Choice, format_params
from sentiment.runs import checked_run, log_run_metrics
from sentiment.search.engines import SearchConfig, make_engine
from sentiment.search.fitting import LoggedModel, TrialConfig, log_best_model, validate_training
from sentiment.search.loop import lag_of, run_trials
from sentiment.search.options import check_options, log_word_vectors
from sentiment.search.placement import place_locally, place_on_spark
from sentiment.search.progress import TrialProgress
from sentiment.search.runner import TrialRunner
from sentiment.search.space_file import narrow_space
from sentiment.search.trials import (
    BEST,
    TRAIN_SECONDS,
    VALIDATION,
    EarlierTrials,
    Outcome,
    TrialRecorder,
    finished_trials,
    rank_trials,
)
from sentiment.tracking import (
    BEST_TRIAL,
    DATASET,
    FAMILY,
    FEATURES,
    FEATURIZE_RUN,
    FINGERPRINT,
    MODEL_URI,
    NOTE,
    OUTPUT_DIGEST,
    PARAMETER_FILES,
    SEARCH_TEXTS,
    active_run,
    origin,
)
from sentiment.workflow.logged_parameters import parameters_of
from sentiment.workflow.parameters import TuneParameters
from sentiment.workflow.reuse import runs_with_fingerprint

# What two searches must share for the trials of one to count in the other.
RESUMABLE = (
    "family",
    "epochs",
    "batch_size",
    "seed",
    "metric",
    "class_weight",
    "embedding",
    "embedding_file",
    "pretrained",
)


def tune(parameters: TuneParameters, featurize_run: Run, hold: Callable[[], None]) -> float:
    """Returns the seconds for which the search has waited for a core."""
    check_options(parameters.family, parameters.model_dump(), TuneParameters().model_dump())
    family, training = get_family(parameters.family), parameters.training()
    grid = parameters.algo == "grid"
    whole, defaults = family.search_space(training)
    space, start = narrow_space(family.name, whole, defaults, parameters.space, discrete=grid)
    ingest_run = mlflow.get_run(origin(featurize_run).ingest_run)
    ingest_run_id, run_id = ingest_run.info.run_id, active_run().info.run_id
    use_datasets(ingest_run, "training", "validation")
    this_run = mlflow.get_run(run_id)
    files = digest_files(parameters)
    read = {PARAMETER_FILES: json.dumps(files)} if files else {}
    mlflow.set_tags({FAMILY: family.name, FEATURIZE_RUN: featurize_run.info.run_id} | read)
    vectors = ""
    if parameters.embedding != "random":
        features = Features(artifacts(featurize_run.info.run_id, FEATURES), artifacts(ingest_run_id, DATASET))
        named = space["embedding_size"]
        vectors, space, start = log_word_vectors(
            parameters.embedding, parameters.embedding_file, features, parameters.seed, space, start
        )
        if named not in (whole["embedding_size"], Choice((defaults["embedding_size"],)), space["embedding_size"]):
            raise UserError(
                f"space={parameters.space}: embedding_size is {start['embedding_size']}, the length of the word "
                "vectors: leave it out"
            )
    max_evals = parameters.max_evals or family.default_trials
    search = SearchConfig(family.name, parameters.tuner, parameters.algo, max_evals, parameters.epochs, parameters.seed)
    start_engine, count = make_engine(search, space, start)
    earlier = find_earlier_trials(this_run, featurize_run, parameters, files)
    if parameters.engine == "spark":
        placement = place_on_spark(parameters.parallelism, parameters.spark_master)
    else:
        placement = place_locally(family.name, parameters.parallelism, count)
    workers, locate = placement.workers, placement.locate
    config = TrialConfig(
        family.name,
        locate(featurize_run.info.run_id, FEATURES),
        locate(ingest_run_id, DATASET),
        replace(training, vectors=vectors and locate(run_id, vectors)),
        mlflow.get_tracking_uri(),
    )

    with (
        closing(workers),
        tempfile.TemporaryDirectory() as scratch,
        TrialProgress(family.name, count, training.metric) as progress,
    ):
        if "pretrained" in family.options:
            workers.submit(validate_training, family.name, training).result()
        runner = TrialRunner(
            config,
            parameters.prune and family.trains_in_epochs,  # other families have a single epoch, the whole fit
            TrialRecorder(family.name, this_run),
            earlier,
            workers,
            progress,
            scratch if placement.shares_files else None,
            hold,
        )
        outcomes = run_trials(
            start_engine(), runner.begin, count, workers.count, workers.has_room, lag_of(parameters.parallelism)
        )
        ranked = rank_trials(outcomes, family.name)
        logged = workers.submit(log_best_model, config, run_id, ranked, origin(featurize_run).dataset_digest).result()

    log_search(parameters, outcomes, ranked[0], logged)
    return workers.waited


def log_search(parameters: TuneParameters, outcomes: Sequence[Outcome], best: Outcome, logged: LoggedModel) -> None:
    """Log the best trial's hyperparameters, the metrics of the model fitted with them, and counts of trials."""
    family = get_family(parameters.family)
    # With other epochs than the search's, or another seed, train would fit another model of these hyperparameters.
    fitted_with = {"epochs": best.epochs, "seed": best.seed}
    tried = best.params | {name: value for name, value in fitted_with.items() if value != getattr(parameters, name)}
    mlflow.log_params({f"{BEST}{name}": value for name, value in tried.items()})
    figures = {f"{VALIDATION}{name}": value for name, value in logged.figures.items()}
    log_model_metrics(figures, logged.uri)  # on half of the validation split, which the model has been fitted on since
    log_run_metrics(
        {
            TRAIN_SECONDS: logged.seconds,
            "failed_trials": sum(outcome.error is not None for outcome in outcomes),
            "pruned_trials": sum(outcome.figures is None and outcome.error is None for outcome in outcomes),
        }
        | ({SEARCH_TEXTS: logged.sample} if logged.sample else {})
    )
    fitted_on = "training and validation split" if logged.refitted else "training split"
    if family.trains_in_epochs:
        fitted_on = "training split, calibrated on the validation split"
    sampled = f" The trials were fitted on a sample of {logged.sample:,} texts of it." if logged.sample else ""
    mlflow.set_tags(
        {
            OUTPUT_DIGEST: logged.digest,
            BEST_TRIAL: best.run_id,
            MODEL_URI: logged.uri,
            NOTE: f"Best of {len(outcomes)} trials: `{format_params(tried)}`, "
            f"validation {parameters.metric} {logged.figures[parameters.metric]:.4f}. "
            f"Fitted on the {fitted_on}.{sampled}",
        }
    )


def digest_files(parameters: TuneParameters) -> dict[str, str]:
    """The digests of the files and folders that trials read, by the parameter that names them."""
    named = {name: Path(getattr(parameters, name)) for name in ("embedding_file", "pretrained")}
    return {name: content_digest(path) for name, path in named.items() if path.name and path.exists()}


def find_earlier_trials(
    this_run: Run, featurize_run: Run, parameters: TuneParameters, files: Mapping[str, str]
) -> EarlierTrials:
    """The trials to resume from: those of an interrupted search with the same fingerprint, or of ``resume_run``."""
    found: EarlierTrials = {}
    if parameters.reuse and FINGERPRINT in this_run.data.tags:
        found |= finished_trials(runs_with_fingerprint("tune", this_run.data.tags[FINGERPRINT]))
    if parameters.resume_run:
        run = checked_run("resume_run", parameters.resume_run, "tune", ended=False)
        earlier = parameters_of(run, TuneParameters)
        for name in RESUMABLE:
            was, now = getattr(earlier, name), getattr(parameters, name)
            if was != now:
                raise UserError(
                    f"resume_run={run.info.run_id} had {name}={was}, and this search has {now}: give the same value"
                )
        features = origin(mlflow.get_run(origin(run).featurize_run)).output_digest
        if features != origin(featurize_run).output_digest:
            raise UserError(f"resume_run={run.info.run_id} used other features: give the featurize_run of that search")
        read = json.loads(run.data.tags.get(PARAMETER_FILES, "{}"))
        for name, digest in files.items():
            if read.get(name) != digest:
                differs = "used other content" if name in read else "does not say which content it used"
                raise UserError(f"resume_run={run.info.run_id} {differs} in {name}={getattr(parameters, name)}")
        found |= finished_trials([run], pruned=parameters.prune)
    if found:
        print(f"tune {parameters.family}: resuming from {len(found)} finished trials", flush=True)
    return found
