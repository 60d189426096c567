"""The learning curve: accuracy by training texts, which says whether more labels would help."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from mlflow.entities import Run

from sentiment.evaluation.statistics import accuracy_interval
from sentiment.features.store import Features
from sentiment.model.families import get_family
from sentiment.model.space import parse_params
from sentiment.model.training import Training
from sentiment.results import load_model
from sentiment.search.trials import TRAIN_SECONDS, best_params
from sentiment.tracking import origin

SHARES = (1 / 9, 1 / 3)  # each three times the one before: accuracy grows with the logarithm of the texts
FEWEST = 10  # documents of the rarest class for a meaningful fit
LONGEST = 60.0  # seconds of a fit; with longer ones, a comparison would take minutes more


def measure_training_sizes(
    tune_run: Run, training: Training, features: Features, on_choice: np.ndarray
) -> list[dict[str, float]]:
    """Fit the best hyperparameters of a search to parts of the training split.

    Args:
        tune_run: the run of the search.
        training: its settings.
        features: of its corpus, with the raw texts.
        on_choice: predictions of its model for the split ``choice``, float array of shape (documents, classes).

    Returns:
        For each number of training documents, ascending: documents, accuracy on the split ``choice``, and low and high,
        the ends of its 95% interval. The last one is the whole split. Each is for a single fit: for an ensemble of
        networks, its first. Empty if fits take too long or there are too few documents, and for families that start
        from a checkpoint or from word vectors, which know more than the labels say.
    """
    family = get_family(origin(tune_run).family)
    if "pretrained" in family.options or training.embedding != "random":
        return []
    if tune_run.data.metrics[TRAIN_SECONDS] > LONGEST:
        return []
    named = best_params(tune_run)
    training = replace(training, epochs=int(named.pop("epochs", training.epochs)))
    named.pop("seed", None)  # the parts are drawn, and fitted, with the search's
    params = parse_params(family.name, *family.search_space(training), named)
    labels, train = features.labels("choice"), features.labels("train")
    rarest = np.bincount(train, minlength=len(features.classes)).min()
    shares = [share for share in SHARES if share * rarest >= FEWEST]
    if not shares:
        return []
    points = []
    for share in shares:
        with tempfile.TemporaryDirectory() as folder:
            part = features.sample_training(share, training.seed, Path(folder), family.reads_ngrams)
            model = family.fit(part, params, training, lambda epoch, figures: None)
            points.append(_describe(len(part.labels("train")), model.predict_split(part, "choice"), labels))
    if family.trains_in_epochs:
        on_choice = _predict_by_one_network(origin(tune_run).model_uri, features, on_choice)
    return [*points, _describe(len(train), on_choice, labels)]


def _predict_by_one_network(model_uri: str, features: Features, on_choice: np.ndarray) -> np.ndarray:
    """The predictions of an ensemble's first network: parts of the training split are fitted by one network, too."""
    model = load_model(model_uri).get_raw_model().model
    return model.members[0].predict_split(features, "choice") if hasattr(model, "members") else on_choice


def _describe(documents: int, probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    correct = probabilities.argmax(axis=1) == labels
    low, high = accuracy_interval(correct)
    return {"documents": documents, "accuracy": float(correct.mean()), "low": low, "high": high}
