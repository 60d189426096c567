"""Measure a logged model through the path that serves it: its metrics, its speed and its size."""

import multiprocessing
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import mlflow
import numpy as np
from mlflow.pyfunc import PyFuncModel
from sklearn.utils import gen_batches

from sentiment.digests import content_files
from sentiment.evaluation.metrics import METRICS, scores
from sentiment.evaluation.statistics import accuracy_interval
from sentiment.model.families import needs_own_process
from sentiment.model.families.pipeline import predict_pipeline
from sentiment.model.progress import show_progress
from sentiment.results import load_model, model_files

TIMED_REQUESTS = 100
AT_ONCE = 20_000  # texts per call of a model, which bounds its memory

Result = TypeVar("Result")


@dataclass(frozen=True)
class Measurement:
    """A model's results on texts.

    Args:
        row: its part of a row of comparison.json.
        probabilities: from a name of texts to a float64 array of shape (texts, classes).
    """

    row: dict[str, Any]
    probabilities: Mapping[str, np.ndarray]


def measure(
    model_uri: str,
    texts: Mapping[str, list[str]],
    labels: np.ndarray,
    known: Mapping[str, np.ndarray] | None = None,
) -> Measurement:
    """Measure a model.

    Args:
        model_uri: URI of a model that MLflow can load.
        texts: from a name to texts; the metrics are for ``test``, the test split.
        labels: int array of shape (test texts,), positions in the model's classes.
        known: its probabilities for these texts, if they follow from other models'; None to predict them.

    Returns:
        The measurement; its row has :func:`score_test_split`'s metrics, latency_ms_p50 and latency_ms_p95 (one text
        per request, in this process) and model_bytes.
    """
    folder = model_files(model_uri)
    model = mlflow.pyfunc.load_model(str(folder))
    probabilities = known or {name: predict_proba(model, part) for name, part in texts.items()}
    p50, p95 = measure_latency(model, texts["test"])
    row = score_test_split(labels, probabilities["test"]) | {
        "latency_ms_p50": p50,
        "latency_ms_p95": p95,
        "model_bytes": sum(path.stat().st_size for path in content_files(folder)),
    }
    return Measurement(row, probabilities)


def score_test_split(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """The metrics of the test split, by their keys in comparison.json, with the 95% interval of the accuracy.

    Args:
        labels: int array of shape (documents,), positions of the true classes.
        probabilities: float array of shape (documents, classes), rows summing to 1.
    """
    low, high = accuracy_interval(probabilities.argmax(axis=1) == labels)
    found = {METRICS[name].key: value for name, value in scores(labels, probabilities).items()}
    return found | {"test_accuracy_low": low, "test_accuracy_high": high}


def in_own_process(function: Callable[..., Result], *arguments: Any) -> Result:
    """Call a function in a new process, which shares only the tracking store with this one."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, mlflow.set_tracking_uri, (mlflow.get_tracking_uri(),)) as pool:
        return pool.submit(function, *arguments).result()


def in_process_for(family: str | None, function: Callable[..., Result], *arguments: Any) -> Result:
    """Call a function that loads a model of a family (None: unknown), in a process of its own if it needs one."""
    return in_own_process(function, *arguments) if needs_own_process(family) else function(*arguments)


def load_and_predict_proba(model_uri: str, texts: Sequence[str]) -> np.ndarray:
    """Load a model and call :func:`predict_proba`; one function, so that a process of its own can do both."""
    return predict_proba(load_model(model_uri), texts)


def predict_proba(model: PyFuncModel, texts: Sequence[str]) -> np.ndarray:
    """Probabilities of the classes, in the order of their names: float64 of shape (texts, classes)."""
    raw = model.get_raw_model()
    predict = raw.predict_proba if hasattr(raw, "predict_proba") else partial(predict_pipeline, raw)
    if len(texts) <= AT_ONCE:
        return predict(texts)
    parts = []
    with show_progress("predicting", len(texts), "text") as bar:
        for rows in gen_batches(len(texts), AT_ONCE):
            parts.append(predict(texts[rows]))
            bar.update(len(parts[-1]))
    return np.concatenate(parts)


def measure_latency(model: PyFuncModel, texts: Sequence[str]) -> tuple[float, float]:
    """Median and 95th percentile of the milliseconds that predicting one text takes, over up to 100 texts."""
    timed = texts[:TIMED_REQUESTS]
    model.predict([timed[0]])  # the first call compiles
    times = []
    for text in timed:
        started = time.perf_counter()
        model.predict([text])
        times.append(1000 * (time.perf_counter() - started))
    p50, p95 = np.percentile(times, (50, 95))
    return float(p50), float(p95)
