"""One trial: fit a family with given hyperparameters, record it in its run, and keep the model.

It runs in the process of a search or in a worker.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.exceptions import MlflowException

from sentiment.artifacts import log_parquet
from sentiment.errors import UserError, describe_error
from sentiment.evaluation.metrics import scores
from sentiment.features.store import Features
from sentiment.model.families import Family, Model, get_family
from sentiment.model.pyfunc import SentimentModel
from sentiment.model.space import Params
from sentiment.model.training import Training
from sentiment.search.packaging import log_model, model_digest, package_digest
from sentiment.search.trials import CROSS_VALIDATED, Outcome, TrialRecorder, loss_of
from sentiment.tracking import VALIDATION_PREDICTIONS

BATCH_SECONDS = 2.0  # metrics of epochs that end within this time are logged together

ShowEpoch = Callable[[str, int, dict[str, float]], None]


@dataclass(frozen=True)
class TrialConfig:
    """Settings that all trials of a search share.

    Args:
        family: name of the family.
        features: path of the featurize run's features, or their URI for workers on other machines.
        dataset: path or URI of the ingest run's dataset, for models that read raw text.
        training: a trial may replace its number of epochs.
        tracking_uri: where to log.
    """

    family: str
    features: str
    dataset: str
    training: Training
    tracking_uri: str


class Pruned(Exception):
    """Ends the fit of a trial that is not worth continuing."""


def prepare(family: str) -> None:
    """Import what the trials of a family need."""
    get_family(family).prepare()


def validate_training(family: str, training: Training) -> None:
    """Raise UserError if something that ``training`` names cannot be used, before each trial fails."""
    get_family(family).validate(training)


def run_trial(
    config: TrialConfig,
    recorder: TrialRecorder,
    number: int,
    params: Params,
    epochs: int | None,
    seed: int,
    thresholds: tuple[float, ...],
    folder: Path | None,
    show: ShowEpoch | None,
) -> Outcome:
    """Fit a family and record it in a run of its own.

    Args:
        config: settings that all trials of the search share.
        recorder: opens the run.
        number: of the trial, from 1.
        params: hyperparameters.
        epochs: passes over the training split; None for the usual number.
        seed: of the fit.
        thresholds: the trial is pruned after an epoch if its best score so far is below the epoch's
            threshold; empty for no pruning.
        folder: where to save the model; None to discard it.
        show: called with the trial's name, the epoch (from 1) and its metrics after each epoch.
    """
    if mlflow.get_tracking_uri() != config.tracking_uri:
        mlflow.set_tracking_uri(config.tracking_uri)
    run = recorder.start(number, params, seed, epochs)
    features, usual = _load_inputs(config)
    family = get_family(config.family)
    features = sample_for_trials(family, features, usual.seed)
    passes = epochs or usual.epochs
    curve: list[float] = []

    def on_epoch(epoch: int, figures: dict[str, float]) -> None:
        run.log_epoch(epoch, figures, within=BATCH_SECONDS)
        curve.append(usual.metric.score(figures[f"val_{usual.metric.name}"]))
        if show:
            show(run.name, epoch, figures)
        if epoch < passes and epoch <= len(thresholds) and max(curve) < thresholds[epoch - 1]:
            raise Pruned

    started = time.time()
    try:
        training = replace(usual, epochs=passes, seed=seed)
        model = family.fit(features, params, training, on_epoch)
        seconds = time.time() - started
        figures = scores(features.labels("validation"), model.predict_split(features, "validation"))
        cross_validated = family.cross_validate(features, params, training)
        if cross_validated is not None:
            figures[CROSS_VALIDATED + training.metric.name] = cross_validated
        run.log_result(figures, seconds)
        if folder:
            folder.mkdir()
            model.save(folder)
    except Pruned:
        run.prune(len(curve))
        return Outcome(run.run_id, run.name, params, passes, None, 1 - curve[-1], tuple(curve), time.time() - started)
    except MlflowException:  # the store, not the trial: nothing more can be recorded
        raise
    except Exception as error:  # any error fails only this trial; its run says what it was
        run.fail(error)
        return Outcome(run.run_id, run.name, params, passes, error=describe_error(error))
    run.finish()
    loss = loss_of(figures, usual.metric)
    return Outcome(run.run_id, run.name, params, passes, figures, loss, tuple(curve), seconds, folder, seed)


@dataclass(frozen=True)
class LoggedModel:
    """The final model of a search.

    Args:
        uri: of the MLflow model.
        digest: see :func:`sentiment.search.packaging.model_digest`.
        figures: on the split ``choice``, on which nothing was selected.
        seconds: time that its fits took.
        refitted: whether it was fitted, or calibrated, again with all of the validation split.
        sample: number of training texts of each trial if they are a sample, else 0; the model is fitted on all.
    """

    uri: str
    digest: str
    figures: dict[str, float]
    seconds: float
    refitted: bool
    sample: int


def log_best_model(config: TrialConfig, run_id: str, ranked: Sequence[Outcome], dataset: str) -> LoggedModel:
    """Log the best model of a search to its run, with its predictions for the split ``choice``.

    Networks of the best trials form an ensemble (:meth:`Family.fit_members`). The logged model uses all of the
    validation split (:meth:`Family.refit`): networks are calibrated on it, other families' models fitted on it. The
    metrics and the predictions are from the model before that, which has not seen the split ``choice``.

    Args:
        config: settings that all trials of the search share.
        run_id: the tune run.
        ranked: the trials, best first. If a model was lost with the process that fitted it, it is fitted again.
        dataset: the dataset's digest.
    """
    mlflow.set_tracking_uri(config.tracking_uri)
    features, usual = _load_inputs(config)
    family = get_family(config.family)
    sample = sample_for_trials(family, features, usual.seed)
    sampled = 0 if sample is features else len(sample.labels("train"))
    best = ranked[0]
    training = replace(usual, epochs=best.epochs)
    unused = max(trial.seed for trial in ranked) + 1
    try:
        members = ranked[: family.count_members(usual)]
        fitted = [_model_of(trial, family, features, usual, sampled) for trial in members]
        started = time.time()
        models = [model for model, _ in fitted]
        model = family.fit_members(features, best.params, replace(training, seed=unused), models)
        refitted = family.refit(features, best.params, training, model)
    except FloatingPointError as error:
        raise UserError(f"{best.name}, fitted once more: {error}") from error
    seconds = sum(seconds for _, seconds in fitted) + time.time() - started
    probabilities = model.predict_split(features, "choice")
    with _activate(run_id):
        uri = log_model(config.family, features, refitted or model)
        log_parquet(pd.DataFrame(probabilities, columns=features.classes), VALIDATION_PREDICTIONS)
    figures = scores(features.labels("choice"), probabilities)
    behavior = [probabilities]
    if refitted and family.trains_in_epochs:
        behavior.append(refitted.predict_split(features, "choice"))
    elif refitted:  # its n-grams may differ from the features'
        served = SentimentModel(features.cleaner, features.classes, refitted)
        behavior.append(served.predict_proba(features.texts("choice")))
    digest = model_digest(behavior, package_digest(uri), best.params, features.classes, dataset)
    return LoggedModel(uri, digest, figures, seconds, refitted is not None, sampled)


def _model_of(trial: Outcome, family: Family, features: Features, usual: Training, sampled: int) -> tuple[Model, float]:
    """The model of a trial, fitted on all texts, and the seconds of its fits.

    ``sampled`` is the number of texts that the trial was fitted on; 0 for all.
    """
    if trial.model and not sampled:
        return family.load(trial.model), trial.seconds
    if sampled:
        print(
            f"tune {family.name}: fitting {trial.name}, the best trial on a sample of {sampled:,} texts, on all "
            f"{len(features.labels('train')):,} of the training split",
            flush=True,
        )
    else:
        print(f"tune {family.name}: fitting {trial.name} once more, since its model was not kept", flush=True)
    started = time.time()
    training = replace(usual, epochs=trial.epochs, seed=trial.seed)
    model = family.fit(features, trial.params, training, lambda epoch, figures: None)
    again = time.time() - started if sampled else 0.0  # else it takes the trial's time once more
    return model, trial.seconds + again


def sample_for_trials(family: Family, features: Features, seed: int) -> Features:
    """The features that trials are fitted on: those given, or a sample if the family takes one of so many texts."""
    most = family.search_texts
    if most is None or len(features.labels("train")) <= most:
        return features
    return replace(features, most=most, seed=seed)


@contextmanager
def _activate(run_id: str) -> Iterator[None]:
    """Make a run the active one, unless there is one already; it stays RUNNING."""
    if mlflow.active_run() is not None:
        yield
        return
    mlflow.start_run(run_id)
    try:
        yield
    finally:
        mlflow.end_run("RUNNING")


@cache
def _load_inputs(config: TrialConfig) -> tuple[Features, Training]:
    """The features and the training of a config, with locations replaced by paths on this machine."""
    training = config.training
    if training.vectors:
        training = replace(training, vectors=mlflow.artifacts.download_artifacts(training.vectors))
    features, dataset = (Path(mlflow.artifacts.download_artifacts(uri)) for uri in (config.features, config.dataset))
    return Features(features, dataset), training
