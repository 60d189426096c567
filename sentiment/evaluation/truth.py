"""The source of the labels that models are evaluated on, if not all are human.

main imports this module without numpy and pandas.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sentiment.corpora.labels import CORRECTED, HUMAN, LABELLED_BY, VOTE

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def describe_truth(
    test: pd.DataFrame, correct: Mapping[str, np.ndarray], learned: np.ndarray | None = None
) -> dict[str, Any]:
    """The source of the test labels, and the accuracy of families and labelers on human ones.

    Args:
        test: the test split, with the columns label, ``LABELLED_BY`` and ``VOTE`` if a corpus has weak labels.
        correct: from a family to a bool array of shape (test documents,).
        learned: which documents a labeler was trained on, of the same shape; None: none.

    Returns:
        A dict with labelers (their names), documents, by_people (number of human labels), corrected (number of
        labelers' labels that people changed; absent if none), left_out (number of human labels that a labeler has
        learned; absent if none) and, if there are other human labels, accuracy on these: of each family, and of the
        labelers alone, for which abstaining counts as wrong. Empty for a corpus without labelers.
    """
    if LABELLED_BY not in test:
        return {}
    by_people = (test[LABELLED_BY] == HUMAN).to_numpy()
    labelers = sorted(set(test[LABELLED_BY]) - {HUMAN, CORRECTED})
    truth: dict[str, Any] = {"labelers": labelers, "documents": len(test), "by_people": int(by_people.sum())}
    if corrected := int((test[LABELLED_BY] == CORRECTED).sum()):
        truth["corrected"] = corrected
    if learned is not None and (left_out := int((by_people & learned).sum())):
        truth["left_out"] = left_out
        by_people = by_people & ~learned
    if by_people.any():
        right = {**correct, "labelers": (test[VOTE] == test["label"]).to_numpy()}
        truth["accuracy"] = {name: float(values[by_people].mean()) for name, values in right.items()}
    return truth


def summarize_truth(truth: Mapping[str, Any]) -> str:
    """The source of the test labels in a few words; empty if all are human."""
    documents, by_people = truth.get("documents", 0), truth.get("by_people", 0)
    if by_people == documents:
        return ""
    labelers = ", ".join(truth["labelers"]) or "labelers"
    corrected = f", {count} of which were corrected" if (count := truth.get("corrected")) else ""
    if not by_people:
        return f"the test labels are weak: {labelers} gave all {documents}{corrected}, none is human"
    return f"{by_people} of the {documents} test labels are human, the others are from {labelers}{corrected}"
