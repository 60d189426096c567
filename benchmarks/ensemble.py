"""What the ensemble gains, and how else its members could be pooled.

    (cd FOLDER && mlflow run PROJECT --env-manager local -P corpus=… -P max_evals=3)    # for each corpus
    python benchmarks/ensemble.py FOLDER…               # keeps its table in ensemble.md

The pools are told apart by the documents of the choice between families, cross-fitted; the test split is only reported.
"""

import sys
from collections import defaultdict
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from project import find_runs
from report import MACHINE, keep
from scipy.optimize import minimize

from sentiment.artifacts import artifacts
from sentiment.evaluation.metrics import scores
from sentiment.evaluation.pooling import assign_folds, fit_weights
from sentiment.features.store import Features
from sentiment.model.calibration import MIN_PROBABILITY
from sentiment.model.ensemble import pool
from sentiment.tracking import (
    DATASET,
    FAMILY,
    FEATURES,
    TEST_PREDICTIONS,
    VALIDATION_PREDICTIONS,
    origin,
)

SEED = 42
FIGURES = ("accuracy", "log_loss", "calibration_error")


def pool_logarithmically(probabilities, weights):
    """The weighted geometric mean, normalized: the logarithmic opinion pool (Genest and Zidek 1986)."""
    powers = np.exp(np.tensordot(weights, np.log(np.maximum(probabilities, MIN_PROBABILITY)), axes=1))
    return powers / powers.sum(axis=1, keepdims=True)


def fit_logarithmic(probabilities, labels):
    """The weights, not negative and with sum 1, with the lowest log loss of that pool."""
    members, rows = len(probabilities), np.arange(len(labels))
    return minimize(
        lambda weights: -np.log(pool_logarithmically(probabilities, weights)[rows, labels]).mean(),
        np.full(members, 1 / members),
        method="SLSQP",
        bounds=[(0, 1)] * members,
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1},
    ).x


def equal(probabilities, labels):
    return np.full(len(probabilities), 1 / len(probabilities))


POOLS = {
    "ensemble": (fit_weights, pool),
    "ensemble, geometric mean": (fit_logarithmic, pool_logarithmically),
    "ensemble, equal weights": (equal, pool),
}


def measure(folder):
    """A dict from each model to its figures on the documents of the choice and on the test split."""
    mlflow.set_tracking_uri(f"sqlite:///{Path(folder).resolve()}/mlflow.db")
    compared = find_runs("compare")[0]
    tuned = {run.data.tags[FAMILY]: run for run in find_runs("tune")}
    families = sorted(tuned)
    dataset = artifacts(origin(compared).ingest_run, DATASET)
    features = Features(artifacts(origin(tuned[families[0]]).featurize_run, FEATURES), dataset)
    labels = np.array(features.labels("choice"))
    choice = np.array(
        [pd.read_parquet(artifacts(tuned[name].info.run_id, VALIDATION_PREDICTIONS)).to_numpy() for name in families]
    )
    test = pd.read_parquet(artifacts(compared.info.run_id, TEST_PREDICTIONS))
    test_labels = test["label"].map(features.classes.index).to_numpy()
    tested = np.array(
        [test[[f"{name}.probability.{label}" for label in features.classes]].to_numpy() for name in families]
    )
    predictions = {name: pair for name, *pair in zip(families, choice, tested)}
    folds = assign_folds(labels, SEED)
    for name, (fit, combine) in POOLS.items():
        held_out = np.empty_like(choice[0])
        for fold in np.unique(folds):
            inside = folds != fold
            held_out[~inside] = combine(choice[:, ~inside], fit(choice[:, inside], labels[inside]))
        predictions[name] = held_out, combine(tested, fit(choice, labels))
    return {
        name: [
            scores(of, found)[figure]
            for of, found in ((labels, on_choice), (test_labels, on_test))
            for figure in FIGURES
        ]
        for name, (on_choice, on_test) in predictions.items()
    }


def main(folders):
    columns = " | ".join(f"{figure} on {part}" for part in ("choice", "test") for figure in FIGURES)
    lines = [
        "# The families and their ensemble",
        "",
        f"{MACHINE}. `-P max_evals=3`, otherwise the defaults. The texts of the choice are the second half of the "
        "validation split, with the ensemble's weights from other folds of it.",
        "",
        f"| corpus | model | {columns} |",
        "|---|---|" + "---|" * 6,
    ]
    means = defaultdict(list)
    for folder in folders:
        for model, figures in measure(folder).items():
            means[model].append(figures)
            lines.append(row(Path(folder).name, model, figures))
    lines += [row("mean", model, np.mean(figures, axis=0)) for model, figures in means.items()]
    keep(__file__, lines)


def row(corpus, model, figures):
    return f"| {corpus} | {model} | {' | '.join(f'{figure:.4f}' for figure in figures)} |"


if __name__ == "__main__":
    main(sys.argv[1:])
