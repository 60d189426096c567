"""How a model that was logged does on a split: its figures, its speed and its size, through the path that serves it."""

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import mlflow
import numpy as np

from sentiment.evaluation.metrics import bootstrap_accuracy, scores
from sentiment.model.families.pipeline import pipeline_probabilities

TIMED_REQUESTS = 100


@dataclass
class Measured:
    """A model on some texts.

    Args:
        row: its row of comparison.json.
        probabilities: dict from the texts' name to float64 arrays of shape (texts, classes).
    """

    row: dict
    probabilities: dict


def measure(model_uri, texts, labels, seed):
    """Figures of a model.

    Args:
        model_uri: URI of a model that MLflow can load.
        texts: dict from a name to a list of str; ``test`` is the test split, which the figures are of.
        labels: int array of shape (test texts,), positions in the model's classes.
        seed: int, for the bootstrap.

    Returns:
        A :class:`Measured`; the row has test_accuracy with its 95% interval, f1_macro, roc_auc, log_loss,
        calibration_error, latency_ms_p50 and latency_ms_p95 (one text a request, in this process) and model_bytes.
    """
    folder = mlflow.artifacts.download_artifacts(model_uri)
    model = mlflow.pyfunc.load_model(folder)
    probabilities = {name: predict_proba(model, part) for name, part in texts.items()}
    p50, p95 = latency(model, texts["test"])
    row = figures(labels, probabilities["test"], seed) | {
        "latency_ms_p50": p50,
        "latency_ms_p95": p95,
        "model_bytes": sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()),
    }
    return Measured(row, probabilities)


def figures(labels, probabilities, seed):
    """Figures on the test split: test_accuracy with its 95% interval, f1_macro, roc_auc, log_loss, calibration_error."""
    found = scores(labels, probabilities)
    low, high = bootstrap_accuracy(probabilities.argmax(axis=1) == labels, seed)
    return {
        "test_accuracy": found.pop("accuracy"),
        "test_accuracy_low": low,
        "test_accuracy_high": high,
        **found,
    }


def in_own_process(function, *arguments):
    """The result of a call in a new process, which has the same tracking store and nothing else of this one."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, mlflow.set_tracking_uri, (mlflow.get_tracking_uri(),)) as apart:
        return apart.submit(function, *arguments).result()


def probabilities_of(model_uri, texts):
    """Load a model and ask it (:func:`predict_proba`)."""
    return predict_proba(mlflow.pyfunc.load_model(model_uri), texts)


def predict_proba(model, texts):
    """Probabilities of the classes, in the order of their names: float64 of shape (texts, classes)."""
    raw = model.get_raw_model()
    if hasattr(raw, "predict_proba"):
        return raw.predict_proba(texts)
    return pipeline_probabilities(raw, texts)


def latency(model, texts):
    """Median and 95th percentile of the time to predict one text, in milliseconds, over up to 100 texts."""
    chosen = texts[:TIMED_REQUESTS]
    model.predict([chosen[0]])  # the first call compiles
    times = []
    for text in chosen:
        started = time.perf_counter()
        model.predict([text])
        times.append(1000 * (time.perf_counter() - started))
    p50, p95 = np.percentile(times, (50, 95))
    return float(p50), float(p95)
