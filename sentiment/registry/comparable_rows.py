"""The texts on which a model can be compared with the champion: those that neither of them was made with."""

import json

import numpy as np
import pandas as pd

from sentiment.corpora.splits import SPLITS
from sentiment.errors import UserError
from sentiment.tracking import artifacts, checked_run

ENOUGH = 30  # documents: fewer tell nothing
SAME_CORPUS = 0.5  # share of the champion's documents that a corpus has, at least, to be the same one, grown or mended


def common_ground(champion, classes, ingest_run):
    """Which documents of a dataset's test split the champion has not seen either.

    Another seed, or a corpus that has grown, puts documents into the test split that the champion was trained on.

    Args:
        champion: its ``ModelVersion``.
        classes: list of str, those of the dataset.
        ingest_run: the dataset's ingest run.

    Returns:
        A tuple of why the two cannot be compared, in words, or None, and a bool array of shape (test documents,), or None.
    """
    theirs = json.loads(champion.tags.get("classes", "null"))
    if theirs is not None and theirs != classes:
        return f"knows other classes ({', '.join(theirs)}; these are {', '.join(classes)})", None
    now = split_texts(artifacts(ingest_run.info.run_id, "dataset"))
    if champion.tags.get("dataset.digest") == ingest_run.data.tags["dataset.digest"]:
        return None, np.ones(len(now["test"]), dtype=bool)
    try:
        before_run = checked_run("ingest_run", champion.tags["ingest_run"], "ingest")
        before = split_texts(artifacts(before_run.info.run_id, "dataset"))
    except (KeyError, UserError):
        return "was made of a corpus that is not known any more", None
    theirs = pd.concat(before.values())
    shared = theirs.isin(pd.concat(now.values())).mean()
    if shared < SAME_CORPUS:
        return f"is of another corpus ({shared:.0%} of its {len(theirs)} documents are in this one)", None
    held_out = ~trained_on(before, now["test"])
    if held_out.sum() < ENOUGH:
        return f"has seen all but {held_out.sum()} of these {len(held_out)} test documents", None
    return None, held_out


def split_texts(dataset):
    """The texts of a dataset's folder, white space around them removed: a dict from its splits to Series."""
    return {split: pd.read_parquet(dataset / f"{split}.parquet")["text"].str.strip() for split in SPLITS}


def trained_on(texts_by_split, texts):
    """Whether each text, a Series, is one that a model was fitted to or chosen by: bool array."""
    return texts.str.strip().isin(pd.concat([texts_by_split["train"], texts_by_split["validation"]])).to_numpy()
