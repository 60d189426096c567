"""Accuracy on parts of a split that ask for different things: long and short texts, negation, each class."""

import re

import numpy as np

NEGATION = re.compile(
    r"\b(?:not|no|never|nothing|nobody|nowhere|neither|nor|cannot|without|hardly|barely)\b|n['’]t\b", re.I
)
SMALLEST = 10  # documents; a smaller slice says nothing


def slices(texts, labels, classes):
    """The slices of a split.

    Args:
        texts: list of str.
        labels: int array of shape (texts,), positions in the classes.
        classes: list of str.

    Returns:
        Dict from a slice's name to a bool array of shape (texts,); those of fewer than ``SMALLEST`` texts are left out.
    """
    lengths = np.array([len(text.split()) for text in texts])
    bounds = np.quantile(lengths, (0.25, 0.5, 0.75)).astype(int)
    quarter = np.searchsorted(bounds, lengths, side="left")
    low, middle, high = bounds
    names = (
        f"up to {low} words",
        f"{low + 1} to {middle} words",
        f"{middle + 1} to {high} words",
        f"over {high} words",
    )
    negated = np.array([bool(NEGATION.search(text)) for text in texts])
    found = {name: quarter == number for number, name in enumerate(names)}
    found |= {"with negation": negated, "without negation": ~negated}
    found |= {f"class {name}": labels == number for number, name in enumerate(classes)}
    return {name: inside for name, inside in found.items() if inside.sum() >= SMALLEST}


def by_slice(correct, inside):
    """Accuracy of each classifier on each slice.

    Args:
        correct: dict from a family to a bool array of shape (texts,).
        inside: what :func:`slices` gave.

    Returns:
        A list of dicts with slice, documents, and accuracy: a dict from the family to 0 to 1.
    """
    return [
        {
            "slice": name,
            "documents": int(rows.sum()),
            "accuracy": {family: float(right[rows].mean()) for family, right in correct.items()},
        }
        for name, rows in inside.items()
    ]


def lost(found, winner):
    """The slices on which the winner is behind another family: a list of dicts with slice, documents, family and behind."""
    result = []
    for row in found:
        best = max(row["accuracy"], key=row["accuracy"].get)
        behind = row["accuracy"][best] - row["accuracy"][winner]
        if behind > 0:
            result.append({"slice": row["slice"], "documents": row["documents"], "family": best, "behind": behind})
    return result
