"""Figures of a classifier on a labelled split."""

import re

import numpy as np
from sklearn.metrics import accuracy_score, f1_score, log_loss, roc_auc_score


def scores(labels, probabilities):
    """Accuracy, macro F1, area under the ROC curve, log loss and calibration error.

    Args:
        labels: int array of shape (documents,), positions of the true classes.
        probabilities: float array of shape (documents, classes), rows summing to 1.

    Returns:
        Dict with ``accuracy``, ``f1_macro``, ``roc_auc`` and ``calibration_error`` (0 to 1) and ``log_loss`` (nats, 0
        and up). With more than two classes ``roc_auc`` is the mean over one-against-rest.
    """
    classes = range(probabilities.shape[1])
    predicted = probabilities.argmax(axis=1)
    positive = probabilities[:, 1] if len(classes) == 2 else probabilities
    return {
        "accuracy": float(accuracy_score(labels, predicted)),
        "f1_macro": float(f1_score(labels, predicted, average="macro", labels=list(classes))),
        "roc_auc": float(roc_auc_score(labels, positive, multi_class="ovr", labels=list(classes))),
        "log_loss": float(log_loss(labels, probabilities, labels=list(classes))),
        "calibration_error": calibration_error(labels, probabilities),
    }


def name_of(label):
    """A class name as a part of a metric's name, in which MLflow allows no other signs than these."""
    return re.sub(r"[^\w.\- :]", "_", label)


def calibration_error(labels, probabilities, bins=15):
    """Expected calibration error (Guo et al. 2017, equation 3), in bins of equal width.

    Args:
        labels: int array of shape (documents,), positions of the true classes.
        probabilities: float array of shape (documents, classes), rows summing to 1.
        bins: number of bins of the predicted class's probability.

    Returns:
        The mean distance of that probability from the share of correct predictions, 0 to 1.
    """
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    places = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    gaps = np.bincount(places, weights=correct - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))


def bootstrap_accuracy(correct, seed, resamples=10_000, confidence=0.95):
    """Percentile bootstrap interval of the accuracy (Efron and Tibshirani 1993, chapter 13).

    Resampling documents with replacement makes the number of correct ones in a resample binomial, so it is
    drawn from that distribution directly.

    Args:
        correct: bool array of shape (documents,), whether each was classified correctly.
        seed: int.
        resamples: number of bootstrap resamples.
        confidence: share of resamples inside the interval, 0 to 1.

    Returns:
        Tuple of the lower and the upper end, 0 to 1.
    """
    drawn = np.random.default_rng(seed).binomial(len(correct), np.mean(correct), size=resamples) / len(correct)
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, (tail, 1 - tail))
    return float(low), float(high)
