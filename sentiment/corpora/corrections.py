"""Corrected labels: a file with texts and their correct labels, such as the list of likely label errors."""

import difflib
from typing import NamedTuple

import pandas as pd
import pyarrow as pa

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.labels import CORRECTED, HUMAN, LABELLED_BY, match_labels
from sentiment.corpora.tables.kinds import open_table
from sentiment.corpora.tables.labelled import read_labelled
from sentiment.errors import UserError

LISTED_LABEL = "listed_label"  # in the lists that ingest writes: the label at that time, next to the one to edit


class Correction(NamedTuple):
    """The result of the corrections.

    Args:
        frame: the corpus with the corrected labels, without the texts that were dropped.
        corrected: the texts whose label has changed, with and without surrounding white space.
        dropped: the number of rows of the corpus whose corrected label is empty, including copies of a text.
        unmatched: the number of rows of the file whose text is not in the corpus.
    """

    frame: pd.DataFrame
    corrected: frozenset[str]
    dropped: int
    unmatched: int


def correct_labels(frame: pd.DataFrame, path: str) -> Correction:
    """Give texts the labels of a file, and drop those whose label there is empty.

    Rows are matched by text, except for white space, which spreadsheets change: a file of another corpus is noticed,
    and rows keep their texts when the corpus grows. A row whose label is still its ``LISTED_LABEL`` does nothing:
    the text may have a newer label, from a person or a later list.

    Args:
        frame: the corpus, with the string columns text and label.
        path: of a .csv, .tsv, .jsonl or .parquet file with the columns text and label, and ``LISTED_LABEL`` if it is a
            list that ingest wrote; a pattern names several.

    Raises:
        UserError: the file cannot be read, has two labels for a text or one that is not a class of the corpus, or
            none of its texts is in the corpus.
    """
    source = Corpus(path, slice_column=LISTED_LABEL, parameter="corrections")  # read as a slice: it may be missing
    rows = pa.Table.from_batches(read_labelled(open_table(source), source)).to_pydict()
    classes = sorted(set(frame["label"]) - {""})
    labels, listed = ([label or "" for label in match_labels(rows[name], classes)] for name in ("label", "slice"))
    corrections: dict[str, str] = {}
    for text, label, before in zip(map(squeeze, rows["text"]), labels, listed):
        if not text or (before and label == before):
            continue
        if label and label not in classes:
            close = difflib.get_close_matches(label, classes, n=1)
            raise UserError(
                f"corrections={path}: {label!r} is not a class of the corpus ({', '.join(classes)})"
                f"{f', did you mean {close[0]}?' if close else ': correct the label, or empty it to drop the text'}"
            )
        if corrections.setdefault(text, label) != label:
            raise UserError(
                f"corrections={path}: the text {text[:60]!r} has the labels {corrections[text]!r} and {label!r}: "
                "keep one of its rows"
            )
    keys = frame["text"].map(squeeze)
    matched = keys.isin(corrections.keys())
    if corrections and not matched.any():
        raise UserError(
            f"corrections={path}: none of its {len(corrections)} texts is in the corpus: expected a list that ingest "
            "wrote for this corpus, with the column text unchanged"
        )
    wanted = frame["label"].where(~matched, keys.map(corrections).astype(frame["label"].dtype))
    changed = (wanted != frame["label"]) & (wanted != "")
    if LABELLED_BY in frame:  # an unchanged label may not have been reviewed
        by_labelers = frame[LABELLED_BY] != HUMAN
        frame = frame.assign(**{LABELLED_BY: frame[LABELLED_BY].mask(changed & by_labelers, CORRECTED)})
    kept = frame.assign(label=wanted)[~matched | (wanted != "")]
    bare = frame["text"].str.strip()  # of rows with the same text the first is kept; its label may have been right
    corrected = frozenset(frame["text"][bare.isin(bare[changed])])
    return Correction(kept, corrected, len(frame) - len(kept), len(corrections) - keys[matched].nunique())


def squeeze(text: str) -> str:
    """A text with single blanks instead of white space, and none around it."""
    return " ".join(text.split())
