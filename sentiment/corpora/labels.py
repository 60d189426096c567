"""Labels with several spellings."""

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sentiment.model.text.characters import INVISIBLE

# Columns of a dataset in which not all labels are human (:mod:`sentiment.labelling`).
LABELLED_BY = "labelled_by"  # who gave the label: HUMAN, the labelers, or CORRECTED
VOTE = "vote"  # the class that the labelers give; empty where they abstain
HUMAN = "human"
TOGETHER = " + "  # between the names of labelers that vote
# A labeler's label that a person has changed. No metric on human labels counts these: the texts on which the labeler
# was right are not among them.
CORRECTED = "corrected"


NUMBER = re.compile(r"[+-]?[0-9]{1,38}(\.[0-9]{0,38})?")
WITHOUT_INVISIBLE = dict.fromkeys(map(ord, INVISIBLE))  # for str.translate


def as_text(value: Any) -> str:
    """A value as a string: empty for a missing one; bytes as UTF-8; a number has one spelling, such as 1 for 1.0."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if value is None or value != value:  # NaN
        return ""
    if isinstance(value, (float, Decimal)) and math.isfinite(value):
        return str(int(value)) if value == int(value) else format(Decimal(str(value)), "f").rstrip("0")
    return str(value)


def normalize_label(label: str) -> str:
    """A label in NFC and lower case, with single blanks and without invisible characters; a number as ``as_text``."""
    plain = " ".join(unicodedata.normalize("NFC", label).translate(WITHOUT_INVISIBLE).lower().split())
    return as_text(Decimal(plain)) if NUMBER.fullmatch(plain) else plain


def match_labels(labels: Iterable[str | None], classes: Sequence[str]) -> list[str | None]:
    """Labels in the spelling of the classes, if exactly one class is equal to them after :func:`normalize_label`."""
    written = {normalize_label(name): name for name in classes}
    if len(written) < len(classes):
        return list(labels)
    return [label and written.get(normalize_label(label), label) for label in labels]


def find_variants(labels: Iterable[str]) -> list[list[str]]:
    """Groups of labels that are equal after :func:`normalize_label`, each sorted."""
    written = defaultdict(set)
    for label in labels:
        written[normalize_label(label)].add(label)
    return [sorted(variants) for _, variants in sorted(written.items()) if len(variants) > 1]


def find_majority(counts: Mapping[str, int]) -> str:
    """The class with the most texts; of several the first in alphabetical order, as models break ties."""
    return min(counts, key=lambda label: (-counts[label], label))
