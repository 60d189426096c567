"""Labels that are written in several ways."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

# Columns of a dataset some of whose texts people have not labelled (:mod:`sentiment.labelling`).
LABELLED_BY = "labelled_by"  # who gave the label: HUMAN, or the labelers
VOTE = "vote"  # the class that the labelers give; empty where they abstain
HUMAN = "human"


def normalize_label(label: str) -> str:
    """A label in lower case, with single blanks."""
    return " ".join(label.lower().split())


def match_labels(labels: Iterable[str | None], classes: Sequence[str]) -> list[str | None]:
    """Labels as the classes are written, where they differ in case or white space alone and only one class is meant."""
    written = {normalize_label(name): name for name in classes}
    if len(written) < len(classes):
        return list(labels)
    return [label and written.get(normalize_label(label), label) for label in labels]


def find_variants(labels: Iterable[str]) -> list[list[str]]:
    """The labels that :func:`normalize_label` makes one, those of each class together, sorted."""
    written = defaultdict(set)
    for label in labels:
        written[normalize_label(label)].add(label)
    return [sorted(variants) for _, variants in sorted(written.items()) if len(variants) > 1]
