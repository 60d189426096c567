"""Tables in files: .csv, .tsv, .jsonl and .parquet."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.hints import describe_suffix
from sentiment.corpora.tables import SUFFIXES, Table
from sentiment.digests import Digest, file_digest
from sentiment.errors import UserError

if TYPE_CHECKING:
    from mlflow.data.dataset_source import DatasetSource

EXPECTED = f"a path that ends in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"


def matches(corpus: Corpus) -> bool:
    return Path(corpus.address).suffix.lower() in SUFFIXES


def open_table(corpus: Corpus) -> Table:
    path = Path(corpus.address)
    if not path.is_file():
        beside = [file.name for file in path.parent.glob("*")] if path.parent.is_dir() else []
        close = difflib.get_close_matches(path.name, beside, n=1, cutoff=0.75)
        meant = f", did you mean {path.parent / close[0]}?" if close else ""
        raise UserError(f"{corpus.name}: there is no such file{meant}")
    if path.stat().st_size == 0:
        raise UserError(f"{corpus.name} is empty: expected a column {corpus.text_column!r} and a row for each text")
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        from sentiment.corpora.tables.parquet import ParquetTable

        return ParquetTable(corpus, path)
    if suffix == ".jsonl":
        from sentiment.corpora.tables.json_lines import JsonLinesTable

        return JsonLinesTable(corpus, path)
    from sentiment.corpora.tables.delimited import DelimitedTable

    return DelimitedTable(corpus, path)


def digest(corpus: Corpus) -> Digest | None:
    path = Path(corpus.address)
    return Digest(file_digest(path)) if path.is_file() else None


def location(corpus: Corpus) -> str:
    return str(Path(corpus.address).resolve())


def dataset_source(corpus: Corpus) -> DatasetSource:
    from mlflow.data.sources import LocalArtifactDatasetSource  # type: ignore[attr-defined]  # defined at run time

    return LocalArtifactDatasetSource(location(corpus))


def describe(address: str) -> str:
    """What a file of another kind is, after a colon; empty where nothing is known about it."""
    return describe_suffix(Path(address))
