"""Near-duplicates: texts that share most of their character 5-grams, found by MinHash and locality-sensitive hashing.

MinHash: Broder 1997, "On the resemblance and containment of documents". LSH over bands of its signature: Leskovec,
Rajaraman and Ullman, "Mining of Massive Datasets", section 3.4. Its proposals are verified by the exact Jaccard
similarity. Time grows with the number of characters, and only the signatures of texts are kept.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from sentiment.batches import Mapper, in_batches, map_texts
from sentiment.corpora.splits import normal_form
from sentiment.quality.finding import Finding
from sentiment.quality.personal_data import excerpt

# Both chosen by planted copies and the pairs in four corpora: benchmarks/data_check.md.
SIMILARITY = 0.6  # Jaccard similarity of the 5-grams from which two texts are near-duplicates
MIN_LENGTH = 30  # characters; "it works great" and "works great" are as similar, but not copies
SIZE = 5  # characters of an n-gram, across words
BANDS, ROWS = 16, 4  # of a signature: 0.89 of the pairs with a similarity of 0.6 share a band, 0.99 of those with 0.7
SLACK = 0.2  # by how much a signature underestimates a similarity: more than three standard deviations
CHARACTERS = 200_000  # at a time: they fit into a processor's cache
LARGEST = 0.05  # share of the texts in a group that is kept together; a larger one comes from a template
ALWAYS = 5  # texts of a group that is kept together however small the corpus
EXAMPLES = 6


def group_near_duplicates(texts: pd.Series, mapper: Mapper = map) -> pd.Series:
    """Group texts that are near-duplicates of each other, directly or through others.

    Args:
        texts: strings, of shape (texts,).
        mapper: what computes the signatures of batches of texts.

    Returns:
        For each text its group's representative, with the same index: the group's first in the order of normal forms
        (:func:`sentiment.corpora.splits.normal_form`), which a text that is added later seldom replaces.
    """
    forms = np.array(map_texts(normal_form, texts.array, mapper), dtype=object)
    distinct, first, number = np.unique(forms, return_index=True, return_inverse=True)
    pairs = find_pairs(distinct.tolist(), mapper=mapper)
    links = sparse.coo_array((np.ones(len(pairs)), pairs.T), shape=(len(distinct), len(distinct)))
    _, group = connected_components(links, directed=False)
    _, smallest = np.unique(group, return_index=True)  # the forms are sorted
    return pd.Series(texts.to_numpy()[first[smallest[group[number]]]], index=texts.index)


def keep_together(groups: pd.Series, texts: pd.Series) -> pd.Series:
    """The key to split a text by: its group's representative, or itself if the group is too large for one split.

    Args:
        groups: of :func:`group_near_duplicates`.
        texts: of the same index.
    """
    size = groups.map(groups.value_counts())
    return groups.where(size <= max(LARGEST * len(groups), ALWAYS), texts)


def find_pairs(
    forms: Sequence[str], similarity: float = SIMILARITY, min_length: int = MIN_LENGTH, mapper: Mapper = map
) -> np.ndarray:
    """Pairs of near-duplicates, enough to connect each group.

    Args:
        forms: distinct texts without the character 0.
        similarity: Jaccard similarity of the n-grams from which two texts are near-duplicates.
        min_length: shorter texts have no near-duplicates.
        mapper: what computes the signatures of batches of texts.

    Returns:
        Their positions, int64 of shape (pairs, 2), the smaller one first.
    """
    places = np.flatnonzero([len(form) >= max(min_length, SIZE) for form in forms])
    if len(places) < 2:
        return np.empty((0, 2), dtype=np.int64)
    long_enough = [forms[place] for place in places.tolist()]
    signatures = np.hstack(list(mapper(sign_texts, in_batches(long_enough))))
    pairs = _propose_pairs(signatures)
    estimate = np.zeros(len(pairs))
    for row in signatures:
        estimate += (row[pairs[:, 0]] == row[pairs[:, 1]]) / len(signatures)
    pairs = places[pairs[estimate >= similarity - SLACK]]
    verified = [jaccard(forms[first], forms[second]) >= similarity for first, second in pairs.tolist()]
    return pairs[np.array(verified, dtype=bool)]


def jaccard(first: str, second: str) -> float:
    """The Jaccard similarity of the character n-grams of two texts: 0 to 1."""
    these, those = ({text[start : start + SIZE] for start in range(len(text) - SIZE + 1)} for text in (first, second))
    return len(these & those) / max(len(these | those), 1)


def sign_texts(texts: Sequence[str]) -> np.ndarray:
    """:func:`sign_batch` of many texts."""
    return np.hstack([sign_batch(batch) for batch in _batches(texts)])


def sign_batch(texts: Sequence[str]) -> np.ndarray:
    """The MinHash signatures of texts of ``SIZE`` characters or more: uint32 of shape (BANDS * ROWS, texts)."""
    random = np.random.default_rng(0)  # the same functions for every batch and every run
    multipliers = random.integers(2**32, size=BANDS * ROWS, dtype=np.uint32) | 1
    offsets = random.integers(2**32, size=BANDS * ROWS, dtype=np.uint32)
    hashes, starts = _hash_ngrams(texts)
    signatures = np.empty((BANDS * ROWS, len(texts)), np.uint32)
    mixed, shifted = np.empty_like(hashes), np.empty_like(hashes)
    for number, (multiplier, offset) in enumerate(zip(multipliers, offsets)):
        np.multiply(hashes, multiplier, out=mixed)
        mixed += offset
        np.right_shift(mixed, 15, out=shifted)  # the high bits decide which is smallest, so they should depend on all
        mixed ^= shifted
        mixed *= np.uint32(0x2C1B3C6D)
        np.minimum.reduceat(mixed, starts, out=signatures[number])
    return signatures


def _hash_ngrams(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """A hash of each n-gram of each text, uint32, and where each text's begin."""
    joined = np.frombuffer("\0".join([*texts, ""]).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    hashes = np.zeros(len(joined) - SIZE + 1, np.uint64)
    for place in range(SIZE):
        hashes = hashes * np.uint64(0x100000001B3) + joined[place : place + len(hashes)]  # wraps around
    hashes = (hashes * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)
    counts = np.array([len(text) - SIZE + 1 for text in texts])
    starts = np.cumsum(counts) - counts
    inside = np.arange(counts.sum()) + np.repeat(np.arange(len(texts)) * SIZE, counts)  # not across two texts
    return hashes[inside].astype(np.uint32), starts


def _batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Texts of up to ``CHARACTERS`` characters together, or a single longer one."""
    ends = np.cumsum([len(text) for text in texts])
    start = 0
    while start < len(texts):
        before = ends[start - 1] if start else 0
        end = max(int(np.searchsorted(ends, before + CHARACTERS, side="right")), start + 1)
        yield texts[start:end]
        start = end


def _propose_pairs(signatures: np.ndarray) -> np.ndarray:
    """The texts that share a band, each with the first and the last before it that do: int64 of shape (pairs, 2).

    All pairs of a band would be quadratic in the number of copies of a text.
    """
    texts = signatures.shape[1]
    found = []
    for band in signatures.reshape(BANDS, ROWS, texts):
        keys = np.zeros(texts, np.uint64)
        for row in band:
            keys = (keys ^ row) * np.uint64(0x9E3779B97F4A7C15)
        order = np.argsort(keys, kind="stable")
        same = np.flatnonzero(keys[order][1:] == keys[order][:-1]) + 1
        begins = np.ones(texts, dtype=bool)
        begins[same] = False
        first = np.maximum.accumulate(np.where(begins, np.arange(texts), 0))
        found += [order[before] * texts + order[same] for before in (same - 1, first[same])]  # order is ascending
    first, second = np.divmod(np.unique(np.concatenate(found)), texts)
    return np.column_stack([first, second])


def list_near_duplicates(frame: pd.DataFrame, groups: pd.Series) -> pd.DataFrame:
    """The texts that have near-duplicates, the largest groups first.

    Args:
        frame: the columns id, text, label and split.
        groups: the representative of each text's group (:func:`group_near_duplicates`), by text.

    Returns:
        The columns id, text, label, split and group (a number, from 1).
    """
    group = frame["text"].map(groups)
    size = group.map(group.value_counts())
    listed = frame.assign(group=group, size=size)[size > 1].sort_values(
        ["size", "group", "split", "text"], ascending=[False, True, True, True]
    )
    listed["group"] = pd.factorize(listed["group"])[0] + 1
    return listed[["id", "text", "label", "split", "group"]]


def describe_near_duplicates(listed: pd.DataFrame, alone: pd.Series | None) -> Finding:
    """How many texts have near-duplicates, in how many groups, and which of these span several splits.

    Args:
        listed: of :func:`list_near_duplicates`.
        alone: the split that each of the texts would be in by itself, of the same index; None if the splits are the
            source's.
    """
    by_group = listed.groupby("group")
    conflicting = int((by_group["label"].nunique() > 1).sum())
    spread = by_group["split"].nunique() > 1
    across = set(spread.index[spread])
    in_test = len(across & set(listed["group"][listed["split"] == "test"]))
    groups = by_group.ngroups
    says = f"{len(listed)} texts are near-duplicates"
    if groups:
        says += f", in {groups} group{'s' if groups > 1 else ''} of up to {by_group.size().max()}. "
        if alone is None:
            says += f"{len(across) or 'None'} of the groups span the splits of the source"
        else:
            moved = int((alone.groupby(listed["group"]).nunique() > 1).sum())
            says += f"{moved} of the groups would have spanned the splits, and "
            says += f"{len(across)} still do: too large for one split, or of a rare class" if across else "none does"
    says += "."
    if in_test:
        says += (
            f" {in_test} of these have texts in the test split and copies of them in another one: a model that has "
            "memorized them looks better than it is."
        )
    if others := len(across) - in_test:
        says += (
            f" {others} of these have texts only in the training and validation split: a model that has memorized them "
            "looks better when models are chosen."
        )
    if conflicting:
        says += f" In {conflicting} groups the labels differ: one of them may be wrong."
    if groups:
        says += " They are listed in profile/near_duplicates.csv."
    rows = by_group.head(2).head(EXAMPLES).itertuples()
    shown = [[str(row.group), row.split, row.label, excerpt(row.text)] for row in rows]
    return Finding(
        "Near-duplicates",
        len(listed),
        says,
        bool(across),
        [["group", "split", "label", "text"], *shown] if shown else [],
    )
