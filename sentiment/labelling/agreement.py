"""Who labelled a dataset, and how far its labelers agree with people on the texts that people have labelled."""

import sys
from collections.abc import Mapping, Sequence
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

NO_CLASS = "none"  # in place of a class where a labeler abstains
Agreement = Sequence[Mapping[str, Any]]  # what measure_agreement returns


def log_labelling(parts: Mapping[str, pd.DataFrame], votes: pd.DataFrame) -> str:
    """Log who labelled the splits and how far the labelers agree with people, print it, and return it in Markdown.

    Args:
        parts: the splits, with the columns text, label and ``LABELLED_BY``.
        votes: the classes that the labelers give, by text (:func:`sentiment.labelling.weak_labels.add_weak_labels`).
    """
    agreement = measure_agreement(parts, votes)
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
    said = f"Labels by people: {people}; the others by {votes.columns[-1]}"
    said += f", {corrected} of which were corrected." if corrected else "."
    print(f"ingest: {said[0].lower()}{said[1:]}", flush=True)
    for row in agreement:
        accuracy = "no accuracy" if row["accuracy"] is None else f"accuracy {row['accuracy']:.3f}"
        print(
            f"ingest: {row['labeler']} against {row['documents']} labels of people outside of the test split: "
            f"{accuracy} where it gives a class, which it does for {row['coverage']:.1%}",
            flush=True,
        )
    seen = [warning for labeler in votes if (warning := describe_seen(labeler, parts["test"]))]
    for warning in seen:
        print(f"warning: {warning}", file=sys.stderr, flush=True)
    return "\n\n".join([said, *seen, describe_agreement(agreement)])


def describe_seen(labeler: str, test: pd.DataFrame) -> str | None:
    """What a labeler that has seen test texts with people's labels means for the test split; None where it has not."""
    if TOGETHER in labeler:  # the vote of several
        return None
    by_people = test[test[LABELLED_BY] == HUMAN]["text"].map(comparison_form)
    seen = int(by_people.isin(find_labeler(labeler).training_texts(labeler)).sum())
    if not seen:
        return None
    return (
        f"{labeler} was made from {seen} of the {len(by_people)} test texts that people labelled, and what it labels "
        "may carry their labels into the training split: the accuracy on them is optimistic"
    )


def measure_agreement(parts: Mapping[str, pd.DataFrame], votes: pd.DataFrame) -> list[dict[str, Any]]:
    """How far each labeler, and their vote, agrees with people.

    The test split is left out, so that labelers and thresholds can be chosen by these figures.

    Args:
        parts: the splits, with the columns text, label and ``LABELLED_BY``.
        votes: the classes that the labelers give, by text.

    Returns:
        A dict a labeler with labeler, documents (those that people have labelled), coverage (the share that it gives a
        class), accuracy (the share of these on which it agrees, None where there are none) and confusion (from
        people's class to the labeler's, or ``NO_CLASS``, to a count). Empty where people have labelled none.
    """
    texts = pd.concat([part for name, part in parts.items() if name != "test"])
    texts = texts[texts[LABELLED_BY] == HUMAN]
    if texts.empty:
        return []
    labels = texts["label"].to_numpy(object)
    agreement = []
    for labeler, column in votes.loc[texts["text"].str.strip()].items():
        given = column.to_numpy(object)
        covered = given != ABSTAINED
        confusion = pd.crosstab(labels, np.where(covered, given, NO_CLASS))
        agreement.append(
            {
                "labeler": str(labeler),
                "documents": len(labels),
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
        return "People have labelled no text outside of the test split, so nothing says how good the labelers are."
    lines = [
        f"The labelers on the {agreement[0]['documents']} texts outside of the test split that people have labelled:",
        "",
    ]
    table = [["labeler", "accuracy where it gives a class", "coverage"]]
    for row in agreement:
        accuracy = "" if row["accuracy"] is None else f"{row['accuracy']:.3f}"
        table.append([row["labeler"], accuracy, f"{row['coverage']:.3f}"])
    lines.append(to_markdown(table))
    for row in agreement:
        given = list(next(iter(row["confusion"].values())))
        table = [[f"people \\ {row['labeler']}", *given]]
        table += [[label, *(str(counts[name]) for name in given)] for label, counts in row["confusion"].items()]
        lines += ["", to_markdown(table)]
    return "\n".join(lines)


def draw_agreement(agreement: Agreement) -> Figure:
    """A confusion matrix a labeler, with counts: rows are people's classes, columns the labeler's."""
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
