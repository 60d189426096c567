"""The metrics that monitoring logs; the part of a name before the slash is a section in the MLflow UI."""

import time
from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_fscore_support

from sentiment.evaluation.metrics import label_scores
from sentiment.monitoring.drift import Drift, select_evaluated
from sentiment.tracking import metric_names

PERCENTILES = (50, 95, 99)
INTERVALS = 40  # of requests over time, at most


def text_metrics(observed: pd.DataFrame, classes: list[str]) -> dict[str, float]:
    """Metrics of texts: quality where labels are known, shares of the predicted labels, scores, lengths, unknown words.

    Args:
        observed: DataFrame with the columns predicted, score, words, unknown and label.
        classes: class names of the champion.
    """
    found = {"data/documents": len(observed), "data/not_scored": observed["predicted"].isna().sum()}
    labelled = select_evaluated(observed)
    if len(labelled):
        found |= {"data/labelled": len(labelled)} | _quality(labelled, classes)
    shares = observed["predicted"].value_counts(normalize=True)
    found |= {f"data/share.{named}": shares.get(name, 0.0) for name, named in metric_names(classes).items()}
    for column, name in (("score", "score"), ("words", "words"), ("unknown", "unknown_words")):
        values = observed[column].dropna().astype(float)
        if len(values):
            found |= {f"data/{name}_mean": values.mean()}
            found |= {f"data/{name}_p{percent}": np.percentile(values, percent) for percent in (5, 50, 95)}
    return {name: float(value) for name, value in found.items()}


def _quality(labelled: pd.DataFrame, classes: list[str]) -> dict[str, float]:
    """The metrics that need only predicted labels, and precision and recall, of each class and averaged.

    Precision is averaged over the predicted classes, recall over those that occur: a batch need not have all.
    """
    truth, predicted = (labelled[column].map(classes.index).to_numpy() for column in ("label", "predicted"))
    precision, recall, _, _ = precision_recall_fscore_support(
        truth, predicted, labels=range(len(classes)), zero_division=0
    )
    found = {f"quality/{name}": value for name, value in label_scores(truth, predicted, len(classes)).items()}
    means = precision[np.unique(predicted)].mean(), recall[np.unique(truth)].mean()
    found |= dict(zip(("quality/precision_macro", "quality/recall_macro"), means))
    for place, named in enumerate(metric_names(classes).values()):
        found |= {f"quality/precision.{named}": precision[place], f"quality/recall.{named}": recall[place]}
    return found


def request_metrics(requests: pd.DataFrame) -> dict[str, float]:
    """Metrics of recorded requests: number per minute, latency percentiles in ms, share of errors.

    Args:
        requests: DataFrame with the columns at (ms since the epoch, ascending), latency_ms and error.
    """
    if requests.empty:
        return {}
    minutes = max((time.time() * 1000 - requests["at"].iloc[0]) / 60_000, 1.0)
    found = {
        "requests/count": len(requests),
        "requests/per_minute": len(requests) / minutes,
        "requests/error_rate": requests["error"].notna().mean(),
    }
    found |= {f"requests/latency_ms_p{p}": np.percentile(requests["latency_ms"], p) for p in PERCENTILES}
    return {name: float(value) for name, value in found.items()}


def drift_metrics(drifts: Sequence[Drift]) -> dict[str, float]:
    """Population stability index and p-value of each quantity."""
    return {f"drift/psi.{drift.quantity}": drift.psi for drift in drifts} | {
        f"drift/p.{drift.quantity}": drift.p_value for drift in drifts
    }


def requests_over_time(requests: pd.DataFrame) -> pd.DataFrame:
    """Requests by time interval, all of one duration (at least a second), from the first request to the last.

    Args:
        requests: as in :func:`request_metrics`.

    Returns:
        A row for each interval: at (datetime64, its beginning in UTC), seconds (its duration), requests, and p50 and
        p95 of the latency in ms, NaN where there were no requests.
    """
    elapsed = requests["at"] - requests["at"].iloc[0]
    duration = max(elapsed.iloc[-1] + 1, 1000)  # ms
    count = min(INTERVALS, duration // 1000)
    latency = requests["latency_ms"].groupby(elapsed * count // duration)
    found = pd.DataFrame({"requests": latency.size(), "p50": latency.quantile(0.5), "p95": latency.quantile(0.95)})
    found = found.reindex(range(count)).fillna({"requests": 0})
    begins = pd.to_datetime(requests["at"].iloc[0] + found.index * duration / count, unit="ms")
    return found.assign(at=begins, seconds=duration / count / 1000)
