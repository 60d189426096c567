"""A corpus in a table of any kind, with a column of texts, a column of labels and, optionally, one of slices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.tables.kinds import EXPECTED as EXPECTED
from sentiment.corpora.tables.kinds import find_kind, get_kind
from sentiment.digests import Digest

if TYPE_CHECKING:
    import pyarrow as pa
    from mlflow.data.dataset_source import DatasetSource


def matches(corpus: Corpus) -> bool:
    return find_kind(corpus) is not None


def read(corpus: Corpus) -> tuple[Iterator[pa.RecordBatch], str]:
    """Read a table, in which every row has to be readable. A missing slice column is one of empty strings.

    Raises:
        UserError: there is no such table, or it cannot be read as a whole.
    """
    from sentiment.corpora.tables.labelled import read_labelled

    kind = get_kind(corpus)
    return read_labelled(kind.open_table(corpus), corpus, label_required=corpus.label_required), kind.location(corpus)


def digest(corpus: Corpus) -> Digest | None:
    return get_kind(corpus).digest(corpus)


def dataset_source(corpus: Corpus) -> DatasetSource:
    return get_kind(corpus).dataset_source(corpus)
