"""Read a corpus from whichever source it names."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from sentiment.corpora import hints
from sentiment.corpora.sources import CorpusSource, Document, files, folders, nltk_corpora, sample
from sentiment.corpora.tables import SUFFIXES
from sentiment.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

# The first one that matches reads the corpus. A new source is its file and its line here.
SOURCES: tuple[CorpusSource, ...] = (
    sample,
    files,
    folders,
    nltk_corpora,
)


def find_source(corpus: str) -> CorpusSource:
    """The source that reads a corpus.

    Args:
        corpus: ``sample``, the name of an NLTK categorized corpus, a path to .csv, .tsv, .jsonl or .parquet, or a
            folder that has a folder of text files for each class.

    Raises:
        UserError: no source matches.
    """
    source = _matching_source(corpus)
    if source:
        return source
    if Path(corpus).exists():
        looks = hints.describe_suffix(Path(corpus))
        raise UserError(f"corpus={corpus}: expected a file that ends in {', '.join(SUFFIXES)}, or a folder{looks}")
    if corpus.lower() in hints.ELSEWHERE:
        raise UserError(f"{corpus} is no corpus of NLTK: {hints.ELSEWHERE[corpus.lower()]}")
    expected = [source.EXPECTED for source in SOURCES]
    close = difflib.get_close_matches(corpus.lower(), ["sample", *nltk_corpora.names()], n=1, cutoff=0.75)
    raise UserError(
        f"unknown corpus {corpus!r}{f', did you mean {close[0]}?' if close else ':'} "
        f"expected {', '.join(expected[:-1])}, or {expected[-1]}"
    )


def read_corpus(corpus: str, text_column: str = "text", label_column: str = "label") -> tuple[pd.DataFrame, str]:
    """Read a corpus.

    Args:
        corpus: as in :func:`find_source`.
        text_column: column that holds the text, where the source has columns.
        label_column: column that holds the class name, where the source has columns.

    Returns:
        A tuple ``(frame, location)``: a DataFrame with the string columns ``id``, ``text`` and ``label``, and
        ``slice`` where a document has one, one row a document in the corpus's own order, and the path or URI that it
        was read from.

    Raises:
        UserError: there is no such corpus, or it cannot be read.
    """
    import pandas as pd

    documents, location = find_source(corpus).read(corpus, text_column, label_column)
    frame = pd.DataFrame(documents, columns=list(Document._fields))
    return frame if frame["slice"].any() else frame.drop(columns="slice"), location


def corpus_digest(corpus: str) -> str | None:
    """Digest of a corpus's content, or None where it cannot be taken, as when it is unknown or not installed yet."""
    source = _matching_source(corpus)
    return source.digest(corpus) if source else None


def _matching_source(corpus: str) -> CorpusSource | None:
    return next((source for source in SOURCES if source.matches(corpus)), None)
