"""Tables in files: .csv, .tsv, .jsonl and .parquet, one or several, compressed or not, in any store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.stores import (
    BUCKETS,
    COMPRESSIONS,
    WEB,
    File,
    compression_of,
    digest_files,
    find_files,
    scheme_of,
    suffix_of,
)
from sentiment.corpora.stores.local import local_dataset_source, parquet_files
from sentiment.corpora.tables import SUFFIXES, Table
from sentiment.digests import Digest
from sentiment.errors import UserError

if TYPE_CHECKING:
    from mlflow.data.dataset_source import DatasetSource

EXPECTED = (
    f"a path, a pattern or an address of {'://, '.join((*WEB, *BUCKETS[:-1]))}:// that ends in "
    f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}, compressed ({', '.join(COMPRESSIONS)}) or not"
)


def matches(corpus: Corpus) -> bool:
    scheme = scheme_of(corpus.address)
    if scheme and scheme not in (*WEB, *BUCKETS):
        return False
    if suffix_of(corpus.address) in SUFFIXES:
        return True
    if scheme:  # a folder
        return scheme in BUCKETS and not Path(corpus.address).suffix
    path = Path(corpus.address)
    return path.is_dir() and bool(parquet_files(path))


def find(corpus: Corpus) -> FoundFiles:
    return FoundFiles(corpus)


class FoundFiles:
    """A :class:`sentiment.corpora.tables.FoundTable` of one file or of several."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus, self._files = corpus, find_files(corpus.name, corpus.address)
        self.location = corpus.address if scheme_of(corpus.address) else str(Path(corpus.address).resolve())

    def open(self) -> Table:
        for file in self._files:
            if file.size == 0:
                column = self._corpus.text_column
                raise UserError(f"{file.name} is empty: expected a column {column!r} and a row for each text")
        if len(self._files) == 1 and not self._files[0].part:
            return open_file(self._corpus, self._files[0])
        from sentiment.corpora.tables.parts import Parts

        return Parts(self._corpus, self._files, lambda file: open_file(self._corpus, file))

    def digest(self) -> Digest | None:
        return digest_files(self._files)

    def dataset_source(self) -> DatasetSource:
        from mlflow.data.dataset_source_registry import resolve_dataset_source

        if not scheme_of(self.location):
            return local_dataset_source(self.location)
        return resolve_dataset_source(self.location.replace("abfs://", "abfss://", 1))  # MLflow's scheme


def open_file(corpus: Corpus, file: File) -> Table:
    """Open one file as a table."""
    suffix = suffix_of(file.address)
    if suffix == ".parquet":
        if compression_of(file.address):
            raise UserError(f"{file.name}: Parquet files have a compression of their own: decompress it")
        from sentiment.corpora.tables.parquet import ParquetTable

        return ParquetTable(corpus, file)
    if suffix == ".jsonl":
        from sentiment.corpora.tables.json_lines import JsonLinesTable

        return JsonLinesTable(corpus, file)
    from sentiment.corpora.tables.delimited import DelimitedTable

    return DelimitedTable(corpus, file)
