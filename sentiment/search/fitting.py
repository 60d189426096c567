"""One trial: fit a family at a point, record it in its run, keep the model. It runs in the process of a search or in a worker."""

import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import mlflow
import pandas as pd
from mlflow import MlflowClient

from sentiment.errors import UserError
from sentiment.evaluation.metrics import scores
from sentiment.features.store import Features
from sentiment.model import families
from sentiment.model.network import ensemble
from sentiment.model.training import SMALL_CORPUS, Training
from sentiment.search.packaging import log_model, model_digest
from sentiment.search.trials import CROSS_VALIDATED, VALIDATION_PREDICTIONS, Outcome, TrialRun, describe, loss
from sentiment.tracking import log_parquet

BATCH_SECONDS = 2.0  # the figures of epochs are logged together that end within this time


@dataclass(frozen=True)
class Setting:
    """What all trials of a search have in common.

    Args:
        family: name of the family.
        features: path of the featurize run's features, or their URI for workers that do not share this machine's files.
        dataset: the same of the ingest run's dataset, for models that read raw text.
        training: the :class:`sentiment.model.training.Training`; a trial may have its own number of epochs.
        tracking_uri: where the runs are.
    """

    family: str
    features: str
    dataset: str
    training: Training
    tracking_uri: str


class Pruned(Exception):
    """Ends the fit of a trial that is not worth going on with."""


def ready(family):
    """Import what the trials of a family need."""
    families.trainer(family)


def check_checkpoint(family, pretrained):
    """Raise UserError where a checkpoint cannot be had, before every trial finds that out."""
    if families.is_keras(family):
        families.trainer(family, pretrained)  # TensorFlow's start
        from sentiment.model.network.checkpoints import load_checkpoint

        load_checkpoint(pretrained)


def run_trial(setting, run_id, name, point, epochs, thresholds, folder, show):
    """Fit a family at a point and record it in a run that has been opened for it.

    Args:
        setting: the :class:`Setting`.
        run_id: the trial's run.
        name: its name.
        point: dict of hyperparameters.
        epochs: passes over the training split.
        thresholds: the trial is pruned after an epoch by which its best validation accuracy is under the epoch's
            threshold; a tuple of floats, empty for no pruning.
        folder: where to save the model, a Path; None where it is not kept.
        show: function of the name, the epoch (from 1) and its figures, called after each epoch; or None.

    Returns:
        An :class:`sentiment.search.trials.Outcome`.
    """
    if mlflow.get_tracking_uri() != setting.tracking_uri:
        mlflow.set_tracking_uri(setting.tracking_uri)
    features, usual = _inputs(setting)
    run = TrialRun(MlflowClient(), run_id, name)
    curve = []

    def after_epoch(epoch, figures):
        run.epoch(epoch, figures, within=BATCH_SECONDS)
        curve.append(figures["val_accuracy"])
        if show:
            show(name, epoch, figures)
        if epoch < epochs and epoch <= len(thresholds) and max(curve) < thresholds[epoch - 1]:
            raise Pruned

    started = time.time()
    try:
        training = replace(usual, epochs=epochs)
        model = families.trainer(setting.family, training.pretrained)(features, point, training, after_epoch)
        run.fitted()
        figures = scores(features.labels("validation"), model.predict_split(features, "validation"))
        across = families.cross_validation(setting.family)(features, point, training)
        if across is not None:
            figures[CROSS_VALIDATED] = across
        run.result(figures)
        if folder:
            folder.mkdir()
            model.save(folder)
    except Pruned:
        run.prune(len(curve))
        return Outcome(run_id, name, point, epochs, None, 1 - curve[-1], tuple(curve), time.time() - started)
    except Exception as error:  # whatever goes wrong at a point costs that trial alone; its run says what it was
        run.fail(error)
        return Outcome(run_id, name, point, epochs, error=describe(error))
    run.finish()
    return Outcome(run_id, name, point, epochs, figures, loss(figures), tuple(curve), run.seconds, folder)


def log_best(setting, run_id, best, dataset):
    """Log the best model of a search to its run, and what it says of the validation split.

    Where ``training.members`` is more than 1, the networks of further seeds are fitted at the best point, and all are one
    model. On a small corpus that is fitted once more, on training and validation split (:func:`steps.models.refit`), with
    as many epochs as the trial went through. The figures, and the file ``validation_predictions.parquet``, are those of
    the model that has not seen the validation split.

    Args:
        setting: the :class:`Setting`.
        run_id: the tune run.
        best: the best trial's :class:`sentiment.search.trials.Outcome`; where its model was lost with the process that
            fitted it, it is fitted once more.
        dataset: the dataset's digest.

    Returns:
        A tuple of the model's URI, its digest, its figures on the validation split, and the seconds that the trial's fit
        was not enough for.
    """
    mlflow.set_tracking_uri(setting.tracking_uri)
    features, training = _inputs(setting)
    training = replace(training, epochs=best.epochs)
    fit = families.trainer(setting.family, training.pretrained)
    if best.model:
        model = families.load(setting.family, best.model)
    else:
        print(f"tune {setting.family}: fitting {best.name} once more, to have its model", flush=True)
        model = fit(features, best.point, training, lambda epoch, figures: None)
    started = time.time()
    refitted = None
    try:
        if training.members > 1:
            print(f"tune {setting.family}: an ensemble of {training.members} at {best.name}", flush=True)
            model = ensemble.fit(setting.family, model, fit, features, best.point, training)
        if sum(len(features.labels(split)) for split in ("train", "validation")) <= SMALL_CORPUS:
            refit = families.refit(setting.family, training.pretrained)
            refitted = refit(features, best.point, replace(training, epochs=len(best.curve)), model)
    except FloatingPointError as error:
        raise UserError(f"{best.name}, fitted once more: {error}") from error
    probabilities = model.predict_split(features, "validation")
    seconds = time.time() - started
    with _in_run(run_id):
        uri = log_model(setting.family, features, refitted or model)
        log_parquet(pd.DataFrame(probabilities, columns=features.classes), VALIDATION_PREDICTIONS)
    figures = scores(features.labels("validation"), probabilities)
    return uri, model_digest(probabilities, best.point, features.classes, dataset), figures, seconds


@contextmanager
def _in_run(run_id):
    """The run as the active one, whether this process has it open or not; it stays as it is."""
    if mlflow.active_run() is not None:
        yield
        return
    mlflow.start_run(run_id)
    try:
        yield
    finally:
        mlflow.end_run("RUNNING")


@cache
def _inputs(setting):
    """The features and the training of a setting, its locations as paths of this machine."""
    features, dataset, vectors = (
        location and Path(mlflow.artifacts.download_artifacts(location))
        for location in (setting.features, setting.dataset, setting.training.vectors)
    )
    return Features(features, dataset), replace(setting.training, vectors=vectors)
