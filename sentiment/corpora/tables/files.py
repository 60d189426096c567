"""Tables in files: .csv, .tsv, .jsonl and .parquet, one or several, compressed or not, in any store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.hints import describe_suffix
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


def open_table(corpus: Corpus) -> Table:
    files = find_files(corpus.name, corpus.address)
    for file in files:
        if file.size == 0:
            raise UserError(f"{file.name} is empty: expected a column {corpus.text_column!r} and a row for each text")
    if len(files) == 1 and not files[0].part:
        return open_file(corpus, files[0])
    from sentiment.corpora.tables.parts import Parts

    return Parts(corpus.name, files, lambda file: open_file(corpus, file))


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


def digest(corpus: Corpus) -> Digest | None:
    return digest_files(find_files(corpus.name, corpus.address))


def location(corpus: Corpus) -> str:
    return corpus.address if scheme_of(corpus.address) else str(Path(corpus.address).resolve())


def dataset_source(corpus: Corpus) -> DatasetSource:
    from mlflow.data.dataset_source_registry import resolve_dataset_source

    place = location(corpus)
    scheme = scheme_of(place)
    if not scheme:
        return local_dataset_source(place)
    return resolve_dataset_source(place.replace("abfs://", "abfss://", 1))  # the scheme that MLflow knows


def describe(address: str) -> str:
    """What a file of another kind is, after a colon; empty where nothing is known about it."""
    return describe_suffix(Path(address))
