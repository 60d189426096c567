"""The profile of a dataset: class counts, text lengths, a few examples."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sentiment.corpora.labels import LABELLED_BY
from sentiment.figures import new_figure

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)


def describe(parts: Mapping[str, pd.DataFrame]) -> dict[str, dict[str, Any]]:
    """Class counts and length quantiles of each split.

    Args:
        parts: DataFrames with the columns text and label, by the name of the split.

    Returns:
        For each split ``documents`` (their number), ``classes`` (their counts), ``length_quantiles`` (in words between
        white space, by quantile), and ``labelled_by`` (how many labels people and labelers gave, where people have not
        given all), in values that JSON can hold.
    """
    return {
        name: {
            "documents": len(part),
            "classes": _counts(part["label"]),
            "length_quantiles": {
                f"{quantile:g}": float(value) for quantile, value in lengths(part).quantile(QUANTILES).items()
            },
        }
        | ({LABELLED_BY: _counts(part[LABELLED_BY])} if LABELLED_BY in part else {})
        for name, part in parts.items()
    }


def _counts(values: pd.Series) -> dict[str, int]:
    return {value: int(count) for value, count in values.value_counts().sort_index().items()}


def lengths(part: pd.DataFrame) -> pd.Series:
    """Number of words in each text, split at white space: int64."""
    return part["text"].map(lambda text: len(text.split())).astype("int64")  # the words themselves fill a gigabyte


def plot(parts: Mapping[str, pd.DataFrame]) -> Figure:
    """Plot the class counts, and beside them the distribution of text lengths."""
    figure = new_figure(10, 4)
    left, right = figure.subplots(1, 2)
    counts = pd.DataFrame({name: part["label"].value_counts() for name, part in parts.items()}).sort_index()
    counts.plot.bar(ax=left, rot=0 if len(counts) < 6 else 60, ylabel="documents", xlabel="class", title="Classes")
    left.legend(loc="upper center", ncols=len(parts))
    left.margins(y=0.18)  # room for the legend above the bars
    everything = pd.concat(part[["label"]].assign(length=lengths(part)) for part in parts.values())
    longest = everything["length"].quantile(0.99)  # otherwise a single very long text flattens the plot
    for label, part in everything.groupby("label"):
        right.hist(
            part["length"].clip(upper=longest),
            bins=np.linspace(0, longest, 41),
            histtype="step",
            linewidth=1.5,
            label=label,
        )
    right.set(title="Text length, all splits (longest 1% drawn at the edge)", xlabel="words", ylabel="documents")
    if everything["label"].nunique() <= 12:
        right.legend(title="class")
    return figure


def examples(part: pd.DataFrame, count: int = 3, width: int = 300) -> pd.DataFrame:
    """The first ``count`` texts of each class, cut to ``width`` characters, in the columns label, id and text."""
    chosen = part.groupby("label", sort=True).head(count).sort_values("label", kind="stable")
    return chosen[["label", "id", "text"]].assign(text=chosen["text"].str.slice(0, width))
