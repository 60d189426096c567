"""The sample corpus that comes with the project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.sources import tables
from sentiment.digests import Digest

if TYPE_CHECKING:
    import pyarrow as pa
    from mlflow.data.dataset_source import DatasetSource

SAMPLE = Path(__file__).parents[1] / "sample" / "reviews.csv"
EXPECTED = "sample"
TABLE = Corpus(str(SAMPLE), slice_column="difficulty")


def matches(corpus: Corpus) -> bool:
    return corpus.address == "sample"


def read(corpus: Corpus) -> tuple[Iterator[pa.RecordBatch], str]:
    return tables.read(TABLE)


def digest(corpus: Corpus) -> Digest | None:
    return tables.digest(TABLE)


def dataset_source(corpus: Corpus) -> DatasetSource:
    return tables.dataset_source(TABLE)
