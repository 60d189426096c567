"""The source's own training, validation and test splits."""

from functools import partial
from typing import NamedTuple

import pandas as pd

from sentiment.batches import Mapper, map_texts
from sentiment.corpora.splits import FEWEST, SPLITS, clean, hash_text
from sentiment.errors import UserError

# Sources' names for the splits, in lower case.
NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
LATEST_FIRST = ("test", "validation", "train")


class SourceRows(NamedTuple):
    """The rows of a source with splits.

    Args:
        kept: DataFrame with the columns id, text, label and split, a name in ``SPLITS``; in random order.
        dropped: number of dropped rows by reason, as in :func:`sentiment.corpora.splits.clean`, and of no split.
        notes: differences from the source, in words.
    """

    kept: pd.DataFrame
    dropped: dict[str, int]
    notes: list[str]


def clean_splits(frame: pd.DataFrame, corpus: str, seed: int, mapper: Mapper = map) -> SourceRows:
    """Clean a corpus that has splits.

    A text that is in two of them is kept only in the later one: in test before validation before train. Texts are
    the same as for :func:`sentiment.corpora.splits.split`.

    Args:
        frame: DataFrame with the string columns id, text, label and, if the source has splits, split.
        corpus: the parameter and the address, for messages.
        seed: of the order.
        mapper: what hashes batches of texts.

    Raises:
        UserError: the source has no splits to keep, or nothing is left.
    """
    given = len(frame)
    frame, notes = _name_splits(frame, corpus)
    frame["key"] = map_texts(partial(hash_text, seed=0), frame["text"].array, mapper)
    cleaned, dropped = clean(frame)  # keeps the first of duplicates: the one in the latest split
    copies = frame[(frame["label"] != "") & frame["text"].str.strip().isin(cleaned["text"].str.strip())]
    if doubled := int((copies.groupby("key")["split"].nunique() > 1).sum()):
        notes.append(f"{doubled:,} texts occur in two splits of the source, and are kept in the later one")
    kept = cleaned[cleaned["split"] == cleaned.groupby("key")["split"].transform("first")].drop(columns="key")
    dropped["dropped_in_earlier_splits"] = len(cleaned) - len(kept)
    dropped["dropped_in_other_splits"] = given - len(frame)
    place = pd.Series(map_texts(partial(hash_text, seed=seed), kept["text"].array, mapper), index=kept.index)
    return SourceRows(kept.loc[place.sort_values(kind="stable").index], dropped, notes)


def complete_splits(
    kept: pd.DataFrame,
    groups: pd.Series,
    test_size: float,
    validation_size: float,
    seed: int,
    mapper: Mapper = map,
) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """The three splits. One that the source lacks, or has without labels, is taken from its training split.

    Args:
        kept: of :func:`clean_splits`.
        groups: the text to hash for each row, of the same index, so that near-duplicates stay together.
        test_size: share of the training split that becomes the test split, if there is none.
        validation_size: share of the rest that becomes the validation split, if there is none.
        seed: of the hash.
        mapper: what hashes batches of texts.

    Returns:
        DataFrames by the name of the split, in the order of ``SPLITS``, and notes as in :class:`SourceRows`.

    Raises:
        UserError: a split has too few texts of a class.
    """
    names, notes = kept["split"], []
    shares = {"test": test_size, "validation": validation_size}
    missing = {name: share for name, share in shares.items() if name not in set(names)}
    if missing:
        grouped = groups[names == "train"]
        place = pd.Series(map_texts(partial(hash_text, seed=seed), grouped.array, mapper), index=grouped.index)
    start = 0.0
    for name, share in missing.items():
        end = start + (1 - start) * share
        taken = place.index[place.between(start, end, inclusive="left")]
        names = names.mask(names.index.isin(taken), name)
        of_what = "the rest of its training split" if start else "its training split"
        notes.append(f"the source has no {name} split with labels: {share:g} of {of_what} are taken for it")
        start = end
    parts = {name: kept[names == name].drop(columns="split").reset_index(drop=True) for name in SPLITS}
    for name, part in parts.items():
        counts = part["label"].value_counts().reindex(sorted(set(kept["label"])), fill_value=0)
        if counts.min() < (FEWEST if name == "train" else 1):
            few = "a single" if counts.min() else "no"
            raise UserError(
                f"splits=source: the {name} split has {few} text of the class {counts.idxmin()!r}: leave out "
                "splits=source to split by a hash of the texts"
            )
    return parts, notes


def _name_splits(frame: pd.DataFrame, corpus: str) -> tuple[pd.DataFrame, list[str]]:
    """The rows that have a split, with our name for it, the latest split first; and a note on the others."""
    given = frame["split"] if "split" in frame else pd.Series("", index=frame.index)
    named = given.str.lower().map(NAMES)
    if not {"train"} < set(named.dropna()):
        has = f"they are {', '.join(map(repr, given.unique()[:5]))}" if given.any() else "it has none"
        raise UserError(
            f"splits=source: {corpus} needs splits train and test, and may have validation, in a column split; {has}. "
            "Leave out splits=source to split by a hash of the texts"
        )
    others = given[named.isna()]
    notes = []
    if len(others):
        called = ", ".join(repr(name) for name in others.unique()[:5])
        notes.append(f"{len(others):,} rows are left out, since their split is not train, validation or test: {called}")
    frame = frame.assign(split=named)
    return pd.concat([frame[named == name] for name in LATEST_FIRST], ignore_index=True), notes
