"""Hints that texts give their labels away: a token that only one class has, a label's name, a text's own id."""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd

from sentiment.quality.finding import Finding

INSIDE, OUTSIDE = 0.2, 0.01  # minimum share of a class's texts with a token, and maximum of the others
NAMED, TIMES = 0.02, 5  # the minimum for a label's own name, which is suspicious earlier: five times as often
ID_LENGTH = 4  # characters of an id that is looked for in its text
OWN_ID = 0.01  # share of texts with their own id
NUMBERED = 0.2  # share of texts with something that looks like an id
ID = re.compile(r"\b(?:\d{6,}|[0-9a-fA-F]{16,}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\b")
SHOWN = 10


def describe_leakage(documents: Sequence[list[str]], labels: np.ndarray, texts: pd.Series, ids: pd.Series) -> Finding:
    """Look for tokens and ids that a model could read the label from, and that a new text will not have.

    Args:
        documents: the tokens of each text.
        labels: class names, of shape (texts,).
        texts: the unchanged texts.
        ids: their ids in the corpus.
    """
    rows = find_telling_tokens(documents, labels)
    says = "These give the label away, and new texts may not have them: remove them from the texts."
    own, numbered = count_own_ids(texts, ids), int(texts.str.contains(ID).sum())
    if own >= OWN_ID * len(texts):
        rows.append(["a text's own id", "", f"{own} texts"])
    if numbered >= NUMBERED * len(texts):
        rows.append(["a number or key like an id", "", f"{numbered} texts"])
    if not rows:
        return Finding("Leakage", 0, "No token occurs almost only in one class, and no text contains its own id.")
    return Finding("Leakage", len(rows), says, True, [["what", "class", "where"], *rows[:SHOWN]])


def find_telling_tokens(documents: Sequence[list[str]], labels: np.ndarray) -> list[list[str]]:
    """The tokens that give a class away, with the class and the shares of its and of other texts that have them."""
    classes, sizes = np.unique(labels, return_counts=True)
    within: dict[str, Counter[str]] = {name: Counter() for name in classes}
    for tokens, label in zip(documents, labels):
        within[label].update(set(tokens))
    everywhere: Counter[str] = sum(within.values(), Counter())
    found = []
    for name, size in zip(classes, sizes):
        others = len(labels) - size
        for token, count in within[name].items():
            inside, outside = count / size, (everywhere[token] - count + 1) / (others + 2)  # Laplace's rule
            is_name = token == name.lower() and inside >= NAMED and inside >= TIMES * outside
            if is_name or (inside >= INSIDE and outside <= OUTSIDE):
                seen = f"{inside:.1%} of its texts, {(everywhere[token] - count) / others:.1%} of the others"
                found.append((-inside, ["the label's name" if is_name else f"the token {token!r}", str(name), seen]))
    return [row for _, row in sorted(found)]


def count_own_ids(texts: pd.Series, ids: pd.Series) -> int:
    """How many texts contain their own id, beyond those that contain another text's id by chance."""

    def matches(those: np.ndarray) -> int:
        return sum(len(one) >= ID_LENGTH and one in text for text, one in zip(texts, those))

    return matches(ids.to_numpy()) - matches(np.roll(ids.to_numpy(), 1))
