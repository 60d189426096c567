"""What is logged of a champion's work, figure by figure; the part before the slash is a section in the MLflow UI."""

import time

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from sentiment.evaluation.metrics import name_of

PERCENTILES = (50, 95, 99)


def of_texts(observed, classes):
    """Figures of texts: their labels where they are known, label shares, scores, lengths and unknown words.

    Args:
        observed: DataFrame with predicted, score, words, unknown and label.
        classes: list of str.

    Returns:
        Dict from names to floats.
    """
    found = {"data/documents": len(observed)}
    labelled = observed[observed["label"].notna() & observed["predicted"].notna()]
    if len(labelled):
        truth, said = labelled["label"].tolist(), labelled["predicted"].tolist()
        precision, recall, f1, support = precision_recall_fscore_support(truth, said, labels=classes, zero_division=0)
        found |= {
            "data/labelled": len(labelled),
            "quality/accuracy": accuracy_score(truth, said),
            "quality/precision_macro": precision.mean(),
            "quality/recall_macro": recall.mean(),
            "quality/f1_macro": f1.mean(),
        }
        for place, name in enumerate(classes):
            found |= {f"quality/precision.{name_of(name)}": precision[place]}
            found |= {f"quality/recall.{name_of(name)}": recall[place]}
    shares = observed["predicted"].value_counts(normalize=True)
    found |= {f"data/share.{name_of(name)}": shares.get(name, 0.0) for name in classes}
    for column, name in (("score", "score"), ("words", "words"), ("unknown", "unknown_words")):
        values = observed[column].dropna().astype(float)
        if len(values):
            found |= {f"data/{name}_mean": values.mean()}
            found |= {f"data/{name}_p{percent}": np.percentile(values, percent) for percent in (5, 50, 95)}
    return {name: float(value) for name, value in found.items()}


def of_requests(requests):
    """Figures of recorded requests: their number a minute, latency percentiles in ms, share of errors; a dict.

    Args:
        requests: DataFrame with at (ms since the epoch, ascending), latency_ms and error.
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


def of_drifts(drifts):
    """Index and p-value of each quantity, a dict."""
    return {f"drift/psi.{drift.quantity}": drift.psi for drift in drifts} | {
        f"drift/p.{drift.quantity}": drift.p_value for drift in drifts
    }


def over_time(requests, count=40):
    """Requests in parts of the same duration: DataFrame with at (datetime64), requests, p50 and p95 of the latency."""
    at = pd.to_datetime(requests["at"], unit="ms")
    span = max((at.max() - at.min()) / count, pd.Timedelta("1s"))
    parts = requests["latency_ms"].groupby(at.dt.floor(span))
    return pd.DataFrame(
        {"requests": parts.size(), "p50": parts.quantile(0.5), "p95": parts.quantile(0.95)}
    ).reset_index()
