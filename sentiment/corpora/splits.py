"""A training, a validation and a test split that have no text in common."""

import hashlib
from collections.abc import Mapping

import pandas as pd

from sentiment.errors import UserError

SPLITS = ("train", "validation", "test")


def clean(frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """Drop empty texts, missing labels, duplicates and texts with conflicting labels.

    Of a text that occurs several times with the same label the first is kept. A text that occurs with different labels
    is dropped altogether, since nothing says which one is right. Texts are compared without the white space around
    them.

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
    counted = ", ".join(f"{count} {name.removeprefix('dropped_').replace('_', ' ')}" for name, count in dropped.items())
    if kept.empty:
        raise UserError(f"no document is left of {given} ({counted}): expected texts with labels")
    classes = sorted(kept["label"].unique())
    if len(classes) < 2:
        raise UserError(f"the label column has one class, {classes[0]!r}: expected two or more to tell apart")
    return kept, dropped


def split(
    frame: pd.DataFrame, test_size: float, validation_size: float, seed: int, stratify: bool
) -> dict[str, pd.DataFrame]:
    """Split a corpus at random.

    Args:
        frame: DataFrame with the columns id, text and label.
        test_size: share of all documents that goes to the test split, between 0 and 1.
        validation_size: share of the rest that goes to the validation split, between 0 and 1.
        seed: of the random number generator.
        stratify: whether each split keeps the shares of the classes.

    Returns:
        The splits by name, in the order of ``SPLITS``.

    Raises:
        UserError: a class has too few documents for every split to have one.
    """
    from sklearn.model_selection import train_test_split

    def halves(documents: pd.DataFrame, share: float) -> list[pd.DataFrame]:
        by = documents["label"] if stratify else None
        return train_test_split(documents, test_size=share, random_state=seed, stratify=by)

    try:
        rest, test = halves(frame, test_size)
        train, validation = halves(rest, validation_size)
    except ValueError as error:  # scikit-learn, where a class's share is less than one document
        raise UserError(_too_few(frame, test_size, validation_size)) from error
    parts = {"train": train, "validation": validation, "test": test}
    if any(part["label"].nunique() < frame["label"].nunique() for part in parts.values()):
        raise UserError(_too_few(frame, test_size, validation_size))
    return {name: part.reset_index(drop=True) for name, part in parts.items()}


def _too_few(frame: pd.DataFrame, test_size: float, validation_size: float) -> str:
    counts = frame["label"].value_counts()
    smallest = ", ".join(f"{label!r} has {count}" for label, count in counts.tail(3).items())
    return (
        f"a class has too few documents for all three splits: {smallest} of {len(frame)}, with "
        f"test_size={test_size:g} and validation_size={validation_size:g}; add documents of it, drop the class, "
        f"or choose larger shares"
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
