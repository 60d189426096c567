"""The profile of a dataset: class counts, text lengths, a few examples."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from sentiment.corpora.labels import LABELLED_BY
from sentiment.corpora.lengths import count_words
from sentiment.figures import integer_edges, new_figure, shorten

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
MOST_CLASSES = 30  # that are plotted: the largest
TOLD_APART = 5  # classes whose lengths are plotted separately


def describe(parts: Mapping[str, pd.DataFrame]) -> dict[str, dict[str, Any]]:
    """Class counts and length quantiles of each split.

    Args:
        parts: DataFrames with the columns text and label, by the name of the split.

    Returns:
        For each split ``documents`` (their number), ``classes`` (their counts), ``length_quantiles`` (in words, by
        quantile), and ``labelled_by`` (how many labels people and labelers gave, if not all are human), in values
        that JSON can hold.
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
    """Number of words in each text: int64."""
    return part["text"].map(count_words).astype("int64")


def plot(parts: Mapping[str, pd.DataFrame]) -> Figure:
    """Plot the class counts, and next to them the distribution of text lengths."""
    counts = pd.DataFrame({name: part["label"].value_counts() for name, part in parts.items()}).sort_index()
    title = "Classes"
    if (total := len(counts)) > MOST_CLASSES:
        counts = counts.loc[counts.sum(axis=1).nlargest(MOST_CLASSES).index]
        title = f"The {MOST_CLASSES} largest of {total} classes"
    figure = new_figure(10, max(4, 1.5 + 0.35 * len(counts)))
    left, right = figure.subplots(1, 2)
    counts.set_axis(map(shorten, counts.index)).plot.barh(ax=left, title=title, width=0.8, legend=False)
    left.invert_yaxis()
    left.set(xlabel="documents", ylabel="")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower left", ncols=len(parts))
    everything = pd.concat(part[["label"]].assign(length=lengths(part)) for part in parts.values())
    longest = int(everything["length"].quantile(0.99))  # otherwise a single very long text flattens the plot
    drawn = everything["length"].clip(upper=longest)
    edges = integer_edges(int(drawn.min()), longest, 40)
    if total <= TOLD_APART:
        for label, part in drawn.groupby(everything["label"]):
            right.hist(part, edges.tolist(), histtype="step", linewidth=1.5, label=shorten(label))
        right.legend(title="class")
    else:
        right.hist(drawn, edges.tolist())
    right.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    right.set(title="Text length, all splits", xlabel="words (the longest 1% in the last bar)", ylabel="documents")
    return figure


def examples(part: pd.DataFrame, count: int = 3, width: int = 300) -> pd.DataFrame:
    """The first ``count`` texts of each class, cut to ``width`` characters, in the columns label, id and text."""
    chosen = part.groupby("label", sort=True).head(count).sort_values("label", kind="stable")
    return chosen[["label", "id", "text"]].assign(text=chosen["text"].str.slice(0, width))
