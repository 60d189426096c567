"""Accuracy on slices of a split: by text length, negation, class, the corpus's own slices, and who gave the label."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sentiment.corpora.labels import CORRECTED
from sentiment.corpora.lengths import count_words

NEGATION = re.compile(
    r"\b(?:not|no|never|nothing|nobody|nowhere|neither|nor|cannot|without|hardly|barely)\b|n['’]t\b", re.I
)
MIN_DOCUMENTS = 10  # accuracy on a smaller slice is noise


def find_slices(
    texts: Sequence[str],
    labels: np.ndarray,
    classes: Sequence[str],
    named: Sequence[str] = (),
    labelled_by: Sequence[str] = (),
) -> dict[str, np.ndarray]:
    """The slices of a split.

    Args:
        texts: the texts of the split.
        labels: int array of shape (texts,), positions in the classes.
        classes: class names.
        named: the corpus's own name for each text's slice, empty for none; or no names.
        labelled_by: who gave each text's label; or no names. Corrected labels are not a slice: a model trained on the
            labelers' labels is wrong there, since they were.

    Returns:
        From a slice's name to a bool array of shape (texts,); slices of fewer than ``MIN_DOCUMENTS`` are left out.
    """
    lengths = np.array([count_words(text) for text in texts])
    bounds = np.quantile(lengths, (0.25, 0.5, 0.75)).astype(int)
    quarter = np.searchsorted(bounds, lengths, side="left")
    low, middle, high = bounds
    names = (
        f"up to {low} words",
        _between(low + 1, middle),
        _between(middle + 1, high),
        f"over {high} words",
    )
    negated = np.array([bool(NEGATION.search(text)) for text in texts])
    found = {name: quarter == number for number, name in enumerate(names)}
    found |= {"with negation": negated, "without negation": ~negated}
    found |= {f"class {name}": labels == number for number, name in enumerate(classes)}
    for name in sorted(set(named) - {""}):
        found[f"slice {name}" if name in found else name] = np.array(named) == name
    if len(givers := sorted(set(labelled_by) - {CORRECTED})) > 1:
        found |= {f"labelled by {name}": np.array(labelled_by) == name for name in givers}
    return {name: inside for name, inside in found.items() if inside.sum() >= MIN_DOCUMENTS}


def _between(low: int, high: int) -> str:
    return f"{low} words" if low == high else f"{low} to {high} words"


def slice_accuracies(correct: Mapping[str, np.ndarray], slices: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """Accuracy of each family on each slice.

    Args:
        correct: from a family to a bool array of shape (texts,).
        slices: what :func:`find_slices` returned.

    Returns:
        A dict for each slice with slice, documents and accuracy, which maps the families to values from 0 to 1.
    """
    return [
        {
            "slice": name,
            "documents": int(inside.sum()),
            "accuracy": {family: float(right[inside].mean()) for family, right in correct.items()},
        }
        for name, inside in slices.items()
    ]


def find_lost_slices(accuracies: Sequence[Mapping[str, Any]], winner: str) -> list[dict[str, Any]]:
    """The slices on which another family is more accurate than the winner.

    Args:
        accuracies: what :func:`slice_accuracies` returned.
        winner: the winning family.

    Returns:
        A dict for each such slice with slice, documents, family (the most accurate one) and behind (0 to 1).
    """
    lost = []
    for row in accuracies:
        best = max(row["accuracy"], key=row["accuracy"].get)
        behind = row["accuracy"][best] - row["accuracy"][winner]
        if behind > 0:
            lost.append({"slice": row["slice"], "documents": row["documents"], "family": best, "behind": behind})
    return lost
