"""The balance of the classes, and the accuracy of always answering the majority class."""

from collections.abc import Mapping

import pandas as pd

from sentiment.corpora.labels import find_majority
from sentiment.quality.finding import Finding

UNBALANCED = 0.8  # share of the majority class
FEW = 30  # test texts of a class; accuracy on so few is known to 18 points
SHOWN = 5  # classes with few texts that are named, the rarest first


def describe_balance(parts: Mapping[str, pd.DataFrame]) -> Finding:
    """The share of the majority class of the training split, in the test split, and the classes with few test texts."""
    counts = parts["train"]["label"].value_counts()
    majority, test = find_majority(counts.to_dict()), parts["test"]["label"]
    share, baseline = counts[majority] / counts.sum(), (test == majority).mean()
    tested = test.value_counts().reindex(sorted(counts.index), fill_value=0).sort_values(kind="stable")
    rare = {label: count for label, count in tested.items() if count < FEW}
    says = (
        f"{share:.0%} of the training texts are {majority}; always predicting it has an accuracy of "
        f"{baseline:.3f} on the test split."
    )
    if share >= UNBALANCED:
        says += " Accuracy hides the other classes: see class_weight=balanced and metric=balanced_accuracy."
    if rare:
        named = ", ".join(f"{label} {count}" for label, count in list(rare.items())[:SHOWN])
        named += f" and {len(rare) - SHOWN} more" if len(rare) > SHOWN else ""
        says += f" Too few test texts to judge a class by ({FEW} at least): {named}."
    return Finding("Class balance", len(rare), says, bool(share >= UNBALANCED or rare))
