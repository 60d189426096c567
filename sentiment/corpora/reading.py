"""Reading a corpus from the source that it names."""

from __future__ import annotations

import difflib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sentiment.corpora import hints
from sentiment.corpora.corpus import Corpus
from sentiment.corpora.sources import CorpusSource, FoundCorpus, folders, nltk_corpora, sample, tables
from sentiment.corpora.stores import MAGIC, scheme_of
from sentiment.corpora.tables import SUFFIXES
from sentiment.corpora.tables.kinds import get_kind
from sentiment.digests import Digest
from sentiment.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

# The first one that matches reads the corpus. A new source is its file and its line here.
SOURCES: tuple[CorpusSource, ...] = (
    sample,
    tables,
    folders,
    nltk_corpora,
)


class CorpusInput:
    """A step's corpus, found once: its digest, documents and location are of the same version.

    Args:
        corpus: the user's description.
    """

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus

    @cached_property
    def found(self) -> FoundCorpus:
        """The corpus at its latest version when it was first accessed.

        Raises:
            UserError: there is no such corpus, or a column is named but it has none.
        """
        source = find_source(self._corpus)
        if source is not tables:
            _refuse_columns(self._corpus)
        return source.find(self._corpus)

    @cached_property
    def digest(self) -> Digest | None:
        """Digest of its content, or None if it cannot be computed: it is unknown or not installed yet."""
        try:
            return self.found.digest()
        except UserError:  # reading it says why
            return None

    def read(self) -> pd.DataFrame:
        """Read the corpus.

        Returns:
            A DataFrame with the string columns ``id``, ``text`` and ``label``, and ``slice`` and ``split`` where a
            document has one, one row per document in the corpus's own order.

        Raises:
            UserError: there is no such corpus, or it cannot be read.
        """
        import pyarrow as pa

        frame = pa.Table.from_batches(self.found.read()).to_pandas()
        unused = [name for name in ("slice", "split") if (frame[name] == "").all()]
        return frame.drop(columns=unused)


def find_source(corpus: Corpus) -> CorpusSource:
    """The source that reads a corpus.

    Args:
        corpus: its address is ``sample``, the name of an NLTK categorized corpus, a table
            (:mod:`sentiment.corpora.tables.kinds`), or a folder with a folder of text files for each class.

    Raises:
        UserError: no source matches.
    """
    if source := next((source for source in SOURCES if source.matches(corpus)), None):
        return source
    address = corpus.address
    if scheme_of(address) or MAGIC & set(address):
        get_kind(corpus)  # its error says what an address looks like
    if Path(address).exists():
        looks = hints.describe_suffix(Path(address))
        raise UserError(f"{corpus.name}: expected a file that ends in {', '.join(SUFFIXES)}, or a folder{looks}")
    if address.lower() in hints.ELSEWHERE:
        raise UserError(f"{address} is not an NLTK corpus: {hints.ELSEWHERE[address.lower()]}")
    expected = [source.EXPECTED for source in SOURCES]
    folder = Path(address).parent
    beside = [str(file) for file in folder.glob("*") if file.suffix in SUFFIXES]
    known = {name.lower(): name for name in (*beside, "sample", *nltk_corpora.names())}
    close = [known[name] for name in difflib.get_close_matches(address.lower(), known, n=1, cutoff=0.75)]
    raise UserError(
        f"unknown corpus {address!r}{f', did you mean {close[0]}?' if close else ':'} "
        f"expected {', '.join(expected[:-1])}, or {expected[-1]}"
    )


def _refuse_columns(corpus: Corpus) -> None:
    """Raise UserError if a column is named, but the corpus has none."""
    for parameter in ("text_column", "label_column"):
        named = getattr(corpus, parameter)
        if named != getattr(Corpus, parameter):  # the default
            raise UserError(f"{parameter}={named} applies to a file or table of your own, and {corpus.name} is not one")
