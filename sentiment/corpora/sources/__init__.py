"""Sources of corpora: one module per source, listed in :mod:`sentiment.corpora.reading`.

The modules are imported by ``main``, which starts without pandas and pyarrow: they import these where they use them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, Protocol

from sentiment.corpora.corpus import Corpus
from sentiment.digests import Digest

if TYPE_CHECKING:
    import pyarrow as pa
    from mlflow.data.dataset_source import DatasetSource

BATCH_DOCUMENTS = 5_000


class Document(NamedTuple):
    """One document of a corpus.

    Args:
        id: its name in the source: a row number, a path, a key; unique in a corpus.
        text: its text; empty if it has none.
        label: its class name; empty if it has none.
        slice: the slice of the comparison that it belongs to; empty if it belongs to none.
        split: the split of the source that it belongs to; empty if it belongs to none, or that does not matter.
    """

    id: str
    text: str
    label: str
    slice: str = ""
    split: str = ""


class FoundCorpus(Protocol):
    """A corpus as it was when found: if it has versions, all methods answer for the same one."""

    @property
    def location(self) -> str:
        """The path or URI, and the version, for the run."""

    def read(self) -> Iterator[pa.RecordBatch]:
        """The documents in the corpus's own order.

        The record batches have a string column for each field of :class:`Document`, without nulls. They are read
        lazily, so that the corpus is never in memory as a whole.

        Raises:
            UserError: the corpus cannot be read, or has changed since; also during iteration.
        """

    def digest(self) -> Digest | None:
        """Digest of the content, computed without parsing it; None if that is not possible."""

    def dataset_source(self) -> DatasetSource:
        """The corpus's location as an MLflow dataset source."""


class CorpusSource(Protocol):
    """The interface of a source module.

    A source of rows with columns is a kind of table (:class:`sentiment.corpora.tables.TableKind`) instead:
    ``input=`` and ``batch=`` read it as well.

    Attributes:
        EXPECTED: what ``corpus`` may be, as a noun phrase for the error message about an unknown corpus.
    """

    EXPECTED: str

    def matches(self, corpus: Corpus) -> bool:
        """Whether this source reads ``corpus``, whether or not it exists."""

    def find(self, corpus: Corpus) -> FoundCorpus:
        """The corpus, at its latest version.

        Raises:
            UserError: it does not exist, or a package is missing.
        """


def to_record_batches(documents: Iterable[Document]) -> Iterator[pa.RecordBatch]:
    """Record batches of some documents, ``BATCH_DOCUMENTS`` in each."""
    import pyarrow as pa

    rows = iter(documents)
    while found := list(islice(rows, BATCH_DOCUMENTS)):
        columns = [pa.array(values, pa.string()) for values in zip(*found)]
        yield pa.RecordBatch.from_arrays(columns, names=list(Document._fields))
