"""The sources of a dataset's labels, and the agreement of its labelers with human labels."""

import sys
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from sentiment.corpora.labels import CORRECTED, HUMAN, LABELLED_BY, TOGETHER
from sentiment.corpora.splits import comparison_form
from sentiment.figures import new_figure
from sentiment.labelling.labelers import find_labeler
from sentiment.labelling.weak_labels import ABSTAINED
from sentiment.markdown import to_markdown
from sentiment.tracking import metric_names

NO_CLASS = "none"  # instead of a class if a labeler abstains
Agreement = Sequence[Mapping[str, Any]]  # what measure_agreement returns


def log_labelling(parts: Mapping[str, pd.DataFrame], votes: pd.DataFrame) -> str:
    """Log who labelled the splits and how far labelers agree with human labels, print it, and return it in Markdown.

    Args:
        parts: the splits, with the columns text, label and ``LABELLED_BY``.
        votes: the labelers' classes, by text (:func:`sentiment.labelling.weak_labels.add_weak_labels`).
    """
    known = {name: find_labeler(name).training_texts(name) for name in votes if TOGETHER not in name}
    agreement = measure_agreement(parts, votes, known)
    by_people = {name: int((part[LABELLED_BY] == HUMAN).sum()) for name, part in parts.items()}
    mlflow.log_metrics({f"labelled_by_people_{name}": count for name, count in by_people.items()})
    if agreement:
        mlflow.log_dict({"agreement": agreement}, "labelling/agreement.json")
        mlflow.log_figure(draw_agreement(agreement), "labelling/agreement.png")
    names = metric_names([row["labeler"] for row in agreement])
    for row in agreement:
        labeler = names[row["labeler"]]
        mlflow.log_metric(f"labeler_coverage.{labeler}", row["coverage"])
        if row["accuracy"] is not None:
            mlflow.log_metric(f"labeler_accuracy.{labeler}", row["accuracy"])
    people = ", ".join(f"{by_people[name]} of {len(part)} {name}" for name, part in parts.items())
    corrected = sum(int((part[LABELLED_BY] == CORRECTED).sum()) for part in parts.values())
    said = f"Human labels: {people}; the others are from {votes.columns[-1]}"
    said += f", {corrected} of which were corrected." if corrected else "."
    if agreement and (unmeasured := [labeler for labeler in votes if labeler not in names]):
        said += f" {', '.join(unmeasured)}: trained on all human-labelled texts outside the test split."
    print(f"ingest: {said[0].lower()}{said[1:]}", flush=True)
    for row in agreement:
        accuracy = "no accuracy" if row["accuracy"] is None else f"accuracy {row['accuracy']:.3f}"
        print(
            f"ingest: {row['labeler']} against {row['documents']} human labels outside the test split"
            f"{_describe_left_out(row)}: {accuracy} on the {row['coverage']:.1%} to which it gives a class",
            flush=True,
        )
    seen = [warning for labeler, texts in known.items() if (warning := describe_seen(labeler, texts, parts["test"]))]
    for warning in seen:
        print(f"warning: {warning}", file=sys.stderr, flush=True)
    return "\n\n".join([said, *seen, describe_agreement(agreement)])


def describe_seen(labeler: str, training_texts: Collection[str], test: pd.DataFrame) -> str | None:
    """A warning about a labeler that was trained on test texts with human labels; None if it was not."""
    by_people = test[test[LABELLED_BY] == HUMAN]["text"].map(comparison_form)
    seen = int(by_people.isin(training_texts).sum())
    if not seen:
        return None
    return (
        f"{labeler} was trained on {seen} of the {len(by_people)} human-labelled test texts, and its labels "
        "may carry theirs into the training split: the accuracy on these texts is optimistic"
    )


def measure_agreement(
    parts: Mapping[str, pd.DataFrame], votes: pd.DataFrame, known: Mapping[str, Collection[str]]
) -> list[dict[str, Any]]:
    """The agreement of each labeler, and of their vote, with human labels.

    The test split is left out, so that labelers and thresholds can be chosen by these metrics; so are the texts that
    a labeler was trained on, and for the vote those of all labelers: it has learned their labels.

    Args:
        parts: the splits, with the columns text, label and ``LABELLED_BY``.
        votes: the labelers' classes, by text.
        known: the texts that each labeler was trained on, in their comparison form.

    Returns:
        One dict per labeler with labeler, documents (with human labels), left_out (those of them that it was trained
        on, which the other metrics do not count), coverage (the share to which it gives a class), accuracy (the share
        of these on which it agrees, None if there are none) and confusion (from the human class to the labeler's, or
        ``NO_CLASS``, to a count). A labeler for which no document is left has none.
    """
    texts = pd.concat([part for name, part in parts.items() if name != "test"])
    texts = texts[texts[LABELLED_BY] == HUMAN]
    forms = texts["text"].map(comparison_form)
    agreement = []
    for labeler, column in votes.items():
        seen = forms.isin(set().union(*(known.get(name, ()) for name in str(labeler).split(TOGETHER))))
        kept = texts[~seen]
        if kept.empty:
            continue
        labels, given = kept["label"].to_numpy(object), column[kept["text"].str.strip()].to_numpy(object)
        covered = given != ABSTAINED
        confusion = pd.crosstab(labels, np.where(covered, given, NO_CLASS))
        agreement.append(
            {
                "labeler": str(labeler),
                "documents": len(labels),
                "left_out": int(seen.sum()),
                "coverage": float(covered.mean()),
                "accuracy": float((given == labels)[covered].mean()) if covered.any() else None,
                "confusion": {
                    str(label): {str(name): int(count) for name, count in counts.items()}
                    for label, counts in confusion.iterrows()
                },
            }
        )
    return agreement


def describe_agreement(agreement: Agreement) -> str:
    """The agreement as tables in Markdown, or that there is nothing to compare with."""
    if not agreement:
        return (
            "No text outside the test split and the labelers' training texts has a human label, so nothing "
            "says how good the labelers are."
        )
    lines = [
        "The labelers on the human-labelled texts outside the test split, without those that a labeler was trained on:",
        "",
    ]
    table = [["labeler", "accuracy if it gives a class", "coverage", "texts", "left out"]]
    for row in agreement:
        accuracy = "" if row["accuracy"] is None else f"{row['accuracy']:.3f}"
        counts = str(row["documents"]), str(row["left_out"])
        table.append([row["labeler"], accuracy, f"{row['coverage']:.3f}", *counts])
    lines.append(to_markdown(table))
    for row in agreement:
        given = list(next(iter(row["confusion"].values())))
        table = [[f"human \\ {row['labeler']}", *given]]
        table += [[label, *(str(counts[name]) for name in given)] for label, counts in row["confusion"].items()]
        lines += ["", to_markdown(table)]
    return "\n".join(lines)


def _describe_left_out(row: Mapping[str, Any]) -> str:
    return f" ({row['left_out']} of its training texts left out)" if row["left_out"] else ""


def draw_agreement(agreement: Agreement) -> Figure:
    """One confusion matrix per labeler, with counts: rows are human classes, columns the labeler's."""
    figure = new_figure(4.5 * len(agreement), 4)
    for axes, row in zip(figure.subplots(1, len(agreement), squeeze=False)[0], agreement):
        counts = pd.DataFrame(row["confusion"]).T
        axes.imshow(counts, cmap="Blues")
        for (place, column), count in np.ndenumerate(counts.to_numpy()):
            color = "white" if count > 0.6 * counts.to_numpy().max() else "black"
            axes.text(column, place, count, ha="center", va="center", color=color)
        axes.set_xticks(range(counts.shape[1]), counts.columns)
        axes.set_yticks(range(counts.shape[0]), counts.index)
        axes.set(title=row["labeler"], xlabel="labeler", ylabel="people")
    return figure
