"""From a corpus as it was read to a training, a validation and a test split that share no text."""

import hashlib

from sentiment.errors import UserError

SPLITS = ("train", "validation", "test")


def clean(frame):
    """Drop what cannot be learned from: empty texts, missing labels, duplicates and contradictions.

    A text that stands several times with the same label is kept once; one that stands with different labels
    is dropped altogether, since nobody can say which label is right. Texts are compared with the white space
    around them removed.

    Args:
        frame: DataFrame with the string columns id, text and label.

    Returns:
        A tuple of the DataFrame that is left, in its order, and a dict of what was dropped (counts).

    Raises:
        UserError: nothing is left, or fewer than two classes.
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


def split(frame, test_size, validation_size, seed, stratify):
    """Split a corpus at random.

    Args:
        frame: DataFrame with the columns id, text and label.
        test_size: share of all documents that goes to the test split, between 0 and 1.
        validation_size: share of the rest that goes to the validation split, between 0 and 1.
        seed: int.
        stratify: whether each split keeps the classes' shares.

    Returns:
        A dict of DataFrames: train, validation and test.

    Raises:
        UserError: a class has too few documents to stand in every split.
    """
    from sklearn.model_selection import train_test_split

    def halves(documents, share):
        by = documents["label"] if stratify else None
        return train_test_split(documents, test_size=share, random_state=seed, stratify=by)

    try:
        rest, test = halves(frame, test_size)
        train, validation = halves(rest, validation_size)
    except ValueError as error:  # scikit-learn's, when a share of a class is less than one document
        raise UserError(_too_few(frame, test_size, validation_size)) from error
    parts = {"train": train, "validation": validation, "test": test}
    if any(part["label"].nunique() < frame["label"].nunique() for part in parts.values()):
        raise UserError(_too_few(frame, test_size, validation_size))
    return {name: part.reset_index(drop=True) for name, part in parts.items()}


def _too_few(frame, test_size, validation_size):
    counts = frame["label"].value_counts()
    smallest = ", ".join(f"{label!r} has {count}" for label, count in counts.tail(3).items())
    return (
        f"a class has too few documents to stand in all three splits: {smallest} of {len(frame)}, with "
        f"test_size={test_size:g} and validation_size={validation_size:g}; add documents of it, drop the class, "
        f"or choose larger shares"
    )


def digest(parts):
    """SHA-256 over the splits' names, ids, texts and labels, in order: the same content gives the same digest."""
    result = hashlib.sha256()
    for name in SPLITS:
        for row in parts[name][["id", "text", "label"]].itertuples(index=False):
            for value in (name, *row):
                encoded = str(value).encode("utf-8", "surrogatepass")
                result.update(len(encoded).to_bytes(8, "big") + encoded)
    return result.hexdigest()
