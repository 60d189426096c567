"""Disjoint training, validation and test splits."""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd

from sentiment.batches import Mapper, map_texts
from sentiment.corpora.labels import HUMAN, LABELLED_BY
from sentiment.errors import UserError
from sentiment.model.text.characters import EMOTICON

GROUP = "group"  # column of a dataset with near-duplicates: the number of each text's group
SPLITS = ("train", "validation", "test")
SHOWN = 60  # characters of a class name in a message: the column may hold texts
FEWEST = 2  # texts of a class in the training split: calibration cross-validates there
_SIGN = re.compile(rf"{EMOTICON}|[^\w\s]")
NEEDED = {"test": 1, "validation": 1, "train": FEWEST}  # texts of each class, in the order in which splits borrow


def clean(frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """Drop empty texts, missing labels, duplicates and texts with conflicting labels.

    If a text occurs several times with the same label, the first is kept. A text with different labels is dropped
    altogether, since it is unknown which one is right. Texts are compared without surrounding white space.

    Args:
        frame: DataFrame with the string columns id, text and label; others are kept.

    Returns:
        The rows that are left, in their order, and the number of dropped ones by reason.

    Raises:
        UserError: nothing is left, or there are fewer than two classes.
    """
    given = len(frame)
    with_text = frame[frame["text"].str.strip() != ""]
    labelled = with_text[with_text["label"] != ""]
    text = labelled["text"].str.strip()
    contradicted = labelled["label"].groupby(text).transform("nunique") > 1
    consistent = labelled[~contradicted]
    kept = consistent[~text[~contradicted].duplicated()].reset_index(drop=True)
    dropped = {
        "dropped_empty_texts": given - len(with_text),
        "dropped_missing_labels": len(with_text) - len(labelled),
        "dropped_contradictions": len(labelled) - len(consistent),
        "dropped_duplicates": len(consistent) - len(kept),
    }
    if kept.empty:
        raise UserError(
            f"all {given} documents dropped ({describe_dropped(dropped)}): expected texts with labels, or labelers, "
            "-P label_by=vader"
        )
    classes = sorted(kept["label"].unique())
    if len(classes) < 2:
        raise UserError(f"the label column has one class, {classes[0]!r}: expected at least two classes")
    return kept, dropped


def describe_dropped(dropped: Mapping[str, int]) -> str:
    """How many documents were dropped for each reason, in words."""
    return ", ".join(f"{count} {name.removeprefix('dropped_').replace('_', ' ')}" for name, count in dropped.items())


def split(
    frame: pd.DataFrame,
    test_size: float,
    validation_size: float,
    seed: int,
    stratify: bool,
    groups: pd.Series | None = None,
    mapper: Mapper = map,
) -> dict[str, pd.DataFrame]:
    """Split a corpus by a hash of each text, so that a text stays in its split when the corpus grows.

    The shares, of the whole and of each class, are therefore approximate. If only some of the labels are human, their
    texts go to the test and validation splits first, and to the training split once these are full.

    Args:
        frame: DataFrame with the columns id, text and label, and ``LABELLED_BY`` if not all labels are human.
        test_size: share of all documents that goes to the test split, between 0 and 1.
        validation_size: share of the rest that goes to the validation split, between 0 and 1.
        seed: of the hash.
        stratify: whether a split with too few texts of a rare class borrows some from the others, from the training
            split first. As the class grows, only these texts may change their split.
        groups: the text to hash for each row, of the same index: rows with the same one share a split; None for its
            own.
        mapper: what hashes batches of texts.

    Returns:
        The splits by name, in the order of ``SPLITS``, their rows in the order of the hash.

    Raises:
        UserError: a class has too few documents for every split to have one, and the training split ``FEWEST``.
    """
    place_of = partial(hash_text, seed=seed)
    own = pd.Series(map_texts(place_of, frame["text"].array, mapper), index=frame.index)
    place = own
    if groups is not None:
        grouped = groups != frame["text"]
        place = own.where(~grouped, groups[grouped].map(place_of))
    alike = own.duplicated(keep=False)  # up to case, punctuation, white space: ordered by text, not as in the file
    by_text = frame["text"].where(alike, "").rank(method="dense")
    frame = frame.iloc[np.lexsort((by_text, own, place))]
    place = place[frame.index]
    names = find_splits(frame, place, test_size, validation_size)
    for rows in frame.groupby("label").groups.values() if stratify else ():
        names[rows] = _borrow(names[rows], place[rows], lasting=LABELLED_BY in frame)
    parts = {name: frame[names == name].reset_index(drop=True) for name in SPLITS}
    fewest = parts["train"]["label"].value_counts().min()
    if fewest < FEWEST or any(part["label"].nunique() < frame["label"].nunique() for part in parts.values()):
        raise UserError(_too_few(frame, test_size, validation_size))
    return parts


def _borrow(names: pd.Series, place: pd.Series, lasting: bool) -> pd.Series:
    """The splits of the texts of one class after splits with too few (``NEEDED``) borrowed the nearest ones.

    With ``lasting`` the training split borrows none: human labels stay where models are evaluated.
    """
    names = names.copy()
    for name in ("test", "validation") if lasting else NEEDED:
        while (names == name).sum() < NEEDED[name]:
            spare = {lender: (names == lender).sum() - NEEDED[lender] for lender in SPLITS}
            lender = "train" if spare["train"] > 0 else max(spare, key=lambda one: spare[one])
            if spare[lender] <= 0:
                break
            lent = place[names == lender]
            nearest = lent.min() if SPLITS.index(lender) < SPLITS.index(name) else lent.max()
            names[place == nearest] = name
    return names


def find_splits(frame: pd.DataFrame, place: pd.Series, test_size: float, validation_size: float) -> pd.Series:
    """The split of each text by its hash (:func:`hash_text`), before rare classes borrow some (:func:`split`)."""
    test_end, validation_end = _ends(frame, place, test_size, test_size + (1 - test_size) * validation_size)
    names = pd.Series("train", index=frame.index)
    return names.mask(place < validation_end, "validation").mask(place < test_end, "test")


def _ends(
    frame: pd.DataFrame, place: pd.Series, test_end: float, validation_end: float
) -> tuple[pd.Series | float, pd.Series | float]:
    """The hash below which each text is in the test split, and the one below which it is in test or validation.

    If only some texts have human labels, the others fill up both splits. As long as these have room for all texts
    with human labels, more texts without them move none of these.
    """
    if LABELLED_BY not in frame:
        return test_end, validation_end
    by_people = place.isin(place[frame[LABELLED_BY] == HUMAN])  # texts that share a hash stay together
    share = by_people.mean()
    if share in (0, 1):
        return test_end, validation_end

    def end_of(end: float) -> pd.Series:
        of_people = end / max(share, validation_end)
        of_others = max(end - share * of_people, 0) / (1 - share)
        return by_people.map({True: of_people, False: of_others})

    return end_of(test_end), end_of(validation_end)


def hash_text(text: str, seed: int) -> float:
    """A number from 0 to 1 that is the same for texts that differ only in case, punctuation or white space."""
    content = f"{seed} {normal_form(text)}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(content).digest()[:8], "big") / 2**64


def normal_form(text: str) -> str:
    """The words of a text, in NFKC and case-folded, joined by blanks; a text without words unchanged."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    # Of the signs outside ASCII only combining marks are kept: vowels of Thai and Hindi, among others.
    folded = re.sub(r"[^\w\s\0-\x7f]", lambda sign: sign[0] if unicodedata.category(sign[0])[0] == "M" else " ", folded)
    return " ".join(re.findall(r"\w(?:\w|[^\s\0-\x7f])*", folded)) or text.strip()


def comparison_form(text: str) -> str:
    """The normal form and the symbols of a text: texts with the same one count as the same text.

    Symbols are emoji, stars and the like, ``#``, ``+``, and emoticons.
    Splits go by the normal form, so near-duplicates share one.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    signs = [sign for sign in _SIGN.findall(folded) if len(sign) > 1 or sign == "#" or _is_symbol(sign)]
    return " ".join([normal_form(text), *signs])


def _is_symbol(sign: str) -> bool:
    return unicodedata.category(sign)[0] == "S" and sign != "`"  # used as an apostrophe


def _too_few(frame: pd.DataFrame, test_size: float, validation_size: float) -> str:
    counts = frame["label"].value_counts()
    smallest = ", ".join(f"{label[:SHOWN]!r} has {count}" for label, count in counts.tail(3).items())
    advice = "add documents of it, drop the class, or choose other shares"
    if LABELLED_BY in frame:
        advice = (
            "human labels go to the test and the validation split first, so choose labelers that give every class, "
            "or smaller shares, which leave some human labels for training"
        )
    return (
        f"a class has too few documents for all three splits, {FEWEST} of them for training: {smallest} of "
        f"{len(frame)}, with test_size={test_size:g} and validation_size={validation_size:g}; {advice}"
    )


def digest(parts: Mapping[str, pd.DataFrame]) -> str:
    """SHA-256 of the names and the content of the splits, in their order, in hexadecimal."""
    result = hashlib.sha256()
    for name in SPLITS:
        for row in parts[name].itertuples(index=False):
            for value in (name, *row):
                encoded = str(value).encode("utf-8", "surrogatepass")
                result.update(len(encoded).to_bytes(8, "big") + encoded)
    return result.hexdigest()
