"""Labels that are written in several ways."""

from collections import defaultdict
from collections.abc import Iterable


def normalize_label(label: str) -> str:
    """A label in lower case, with single blanks."""
    return " ".join(label.lower().split())


def find_variants(labels: Iterable[str]) -> list[list[str]]:
    """The labels that :func:`normalize_label` makes one, those of each class together, sorted."""
    written = defaultdict(set)
    for label in labels:
        written[normalize_label(label)].add(label)
    return [sorted(variants) for _, variants in sorted(written.items()) if len(variants) > 1]
