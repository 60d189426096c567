"""The metrics of a classifier, in one table.

The comparison, its tables, the review card, the gate's thresholds and monitoring follow from ``METRICS``. A new metric
is a function here and its row of the table.

main imports this module without numpy and scikit-learn, so the functions import them when they are called.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sentiment.model.training import accuracy

if TYPE_CHECKING:
    import numpy as np


ROUNDING = 1e-9  # floats that differ by less differ only by rounding: one document makes a larger difference


def reaches(value: float, bound: float) -> bool:
    """Whether a value is at least a bound, or would be without the rounding of floats: 0.95 - 0.9 reaches 0.05."""
    return bool(value >= bound - ROUNDING)


@dataclass(frozen=True)
class Metric:
    """A row of the table.

    Args:
        name: its name in ``comparison.json``, thresholds and monitoring.
        title: its column title in tables.
        format: a format string for one value.
        higher_is_better: direction.
        function: of labels (int array of shape (documents,), positions of the true classes) and probabilities (float
            array of shape (documents, classes), rows summing to 1); None for what is measured elsewhere, such as
            latency.
        labels_only: whether the function only uses the most probable class, so that monitoring can compute it from
            predicted labels.
        unit: tables show the value divided by this.
        criterion: whether epochs, trials, families and the champion can be chosen by it (parameter ``metric``).
        share: whether it is from 0 to 1, so that differences are told in points.
    """

    name: str
    title: str
    format: str
    higher_is_better: bool
    function: Callable[[np.ndarray, np.ndarray], float] | None = None
    labels_only: bool = False
    unit: float = 1.0
    criterion: bool = False
    share: bool = False

    @property
    def key(self) -> str:
        """Its key in a row of ``comparison.json``, where there is test and validation accuracy."""
        return "test_accuracy" if self.name == "accuracy" else self.name

    def show(self, row: Mapping[str, Any]) -> str:
        """The value of a row of ``comparison.json`` as text; empty if an older comparison does not have it."""
        return self.format.format(row[self.key] / self.unit) if self.key in row else ""


def balanced_accuracy(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean recall of the classes that occur, 0 to 1."""
    import numpy as np

    right = probabilities.argmax(axis=1) == labels
    return float(np.mean([right[labels == position].mean() for position in np.unique(labels)]))


def f1_macro(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Mean of the F1 scores of the classes that occur or are predicted, 0 to 1."""
    from sklearn.metrics import f1_score

    return float(f1_score(labels, probabilities.argmax(axis=1), average="macro", zero_division=0))


def roc_auc(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Area under the ROC curve, 0 to 1; with more than two classes the one-vs-rest mean."""
    import numpy as np
    from sklearn.metrics import roc_auc_score

    present = np.unique(labels)  # half of a small validation split may lack a class
    if len(present) == 1:
        return 0.5
    return float(np.mean([roc_auc_score(labels == position, probabilities[:, position]) for position in present]))


def log_loss(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """Cross-entropy in nats, 0 and up.

    Like scikit-learn's, without its input checks: they take nearly all of its time, and a bootstrap calls this
    thousands of times.
    """
    import numpy as np

    tiny = np.finfo(probabilities.dtype).eps
    return float(-np.log(np.clip(probabilities[np.arange(len(labels)), labels], tiny, 1 - tiny)).mean())


def calibration_error(labels: np.ndarray, probabilities: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error (Guo et al. 2017, equation 3), in bins of equal width.

    Args:
        labels: int array of shape (documents,), positions of the true classes.
        probabilities: float array of shape (documents, classes), rows summing to 1.
        bins: number of bins of the predicted class's probability.

    Returns:
        The mean distance of that probability from the share of correct predictions, 0 to 1.
    """
    import numpy as np

    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    places = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    gaps = np.bincount(places, weights=correct - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))


METRICS = {
    metric.name: metric
    for metric in (
        Metric("validation_accuracy", "validation", "{:.3f}", True),
        Metric("accuracy", "test", "{:.3f}", True, accuracy, labels_only=True, criterion=True, share=True),
        Metric(
            "balanced_accuracy",
            "balanced",
            "{:.3f}",
            True,
            balanced_accuracy,
            labels_only=True,
            criterion=True,
            share=True,
        ),
        Metric("f1_macro", "F1", "{:.3f}", True, f1_macro, labels_only=True, criterion=True, share=True),
        Metric("roc_auc", "ROC AUC", "{:.3f}", True, roc_auc, criterion=True, share=True),
        Metric("log_loss", "log loss", "{:.3f}", False, log_loss, criterion=True),
        Metric("calibration_error", "ECE", "{:.3f}", False, calibration_error),
        Metric("behaviour_failure_rate", "behaviour", "{:.0%} fail", False),
        Metric("train_seconds", "train s", "{:.1f}", False),
        Metric("latency_ms_p50", "p50 ms", "{:.1f}", False),
        Metric("latency_ms_p95", "p95 ms", "{:.1f}", False),
        Metric("model_bytes", "MB", "{:.2f}", False, unit=1e6),
    )
}

CRITERIA = sorted(metric.name for metric in METRICS.values() if metric.criterion)


def scores(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, float]:
    """Every metric that has a function, by name.

    Args:
        labels: int array of shape (documents,), positions of the true classes.
        probabilities: float array of shape (documents, classes), rows summing to 1.
    """
    return {metric.name: metric.function(labels, probabilities) for metric in METRICS.values() if metric.function}


def label_scores(labels: np.ndarray, predicted: np.ndarray, classes: int) -> dict[str, float]:
    """The metrics that need only predicted labels, by name.

    Args:
        labels: int array of shape (documents,), positions of the true classes.
        predicted: the predicted classes, likewise.
        classes: number of classes.
    """
    import numpy as np

    one_hot = np.eye(classes)[predicted]
    return {
        metric.name: metric.function(labels, one_hot)
        for metric in METRICS.values()
        if metric.labels_only and metric.function
    }


def class_scores(labels: np.ndarray, probabilities: np.ndarray) -> list[dict[str, float]]:
    """Precision, recall, F1 (each 0 to 1) and documents of each class; 0 if a class is never predicted.

    Args:
        labels: int array of shape (documents,), positions of the true classes.
        probabilities: float array of shape (documents, classes).
    """
    from sklearn.metrics import precision_recall_fscore_support

    classes = list(range(probabilities.shape[1]))
    found = precision_recall_fscore_support(labels, probabilities.argmax(axis=1), labels=classes, zero_division=0)
    return [dict(zip(("precision", "recall", "f1", "documents"), map(float, one))) for one in zip(*found)]


def figures_of(row: Mapping[str, Any]) -> dict[str, float]:
    """The numbers in a row of ``comparison.json``, by key."""
    return {key: float(value) for key, value in row.items() if isinstance(value, int | float)}
