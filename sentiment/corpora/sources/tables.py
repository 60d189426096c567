"""A corpus in a table of any kind, with a column of texts, a column of labels and, optionally, one of slices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.tables.kinds import EXPECTED as EXPECTED
from sentiment.corpora.tables.kinds import find_kind, get_kind

if TYPE_CHECKING:
    import pyarrow as pa


def matches(corpus: Corpus) -> bool:
    return find_kind(corpus) is not None


def find(corpus: Corpus) -> LabelledTable:
    return LabelledTable(corpus)


class LabelledTable:
    """A :class:`sentiment.corpora.sources.FoundCorpus` in a table."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus, self._found = corpus, get_kind(corpus).find(corpus)
        self.location = self._found.location
        self.digest, self.dataset_source = self._found.digest, self._found.dataset_source

    def read(self) -> Iterator[pa.RecordBatch]:
        """Read a table, in which every row must be readable. A missing slice column counts as empty strings."""
        from sentiment.corpora.tables.labelled import read_labelled

        return read_labelled(self._found.open(), self._corpus)
