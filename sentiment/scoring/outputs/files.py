"""Scored rows in a file: .csv, .tsv, .jsonl or .parquet."""

import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.hints import describe_suffix
from sentiment.corpora.tables import SEPARATORS, SUFFIXES
from sentiment.errors import UserError

EXPECTED = f"a file that ends in {', '.join(SUFFIXES)}"


def matches(address: str) -> bool:
    return "://" not in address


def check(address: str, source: Corpus, overwrite: bool) -> None:
    path = Path(address)
    if path.suffix.lower() not in SUFFIXES:
        raise UserError(f"output={path}: expected {EXPECTED}{describe_suffix(path)}")
    if path.resolve() == Path(source.address).resolve():
        raise UserError(f"output={path} is the input: give it another name")
    if path.exists() and not overwrite:
        raise UserError(f"output={path} already exists: give another name, or -P overwrite=true")
    if not path.parent.is_dir():
        raise UserError(f"output={path}: there is no folder {path.parent}")


def location(address: str) -> str:
    return str(Path(address).resolve())


def open_output(address: str, schema: pa.Schema) -> "ScoredFile":
    return ScoredFile(address, schema)


class ScoredFile:
    """A :class:`sentiment.scoring.outputs.Output` of a file.

    It writes to a file beside ``address``, which takes its place at the end, and is deleted where an error ends the
    block. CSV has no nested values: they are written as JSON.
    """

    def __init__(self, address: str, schema: pa.Schema) -> None:
        self._path = Path(address)
        self._partial = self._path.with_name(f".{self._path.name}.partial")
        self._suffix = self._path.suffix.lower()
        if self._suffix in SEPARATORS:
            flat = [field.with_type(pa.string()) if pa.types.is_nested(field.type) else field for field in schema]
            schema = pa.schema(flat)
        self._schema = schema

    def __enter__(self) -> Self:
        if self._suffix == ".parquet":
            self._writer = pq.ParquetWriter(self._partial, self._schema)
        elif self._suffix == ".jsonl":
            self._writer = open(self._partial, "w", encoding="utf-8", newline="\n")
        else:
            options = pyarrow.csv.WriteOptions(delimiter=SEPARATORS[self._suffix], quoting_style="needed")
            self._writer = pyarrow.csv.CSVWriter(self._partial, self._schema, write_options=options)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
        if kind:
            self._partial.unlink()
        else:
            os.replace(self._partial, self._path)

    def write(self, rows: pa.RecordBatch) -> None:
        if self._suffix == ".jsonl":
            lines = (json.dumps(row, ensure_ascii=False, default=str) for row in rows.to_pylist())
            self._writer.writelines(f"{line}\n" for line in lines)
            return
        arrays = [
            _to_json(array) if pa.types.is_nested(array.type) and pa.types.is_string(field.type) else array
            for array, field in zip(rows.columns, self._schema)
        ]
        self._writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=self._schema))


def _to_json(array: pa.Array) -> pa.Array:
    values: list[Any] = array.to_pylist()
    written = [None if value is None else json.dumps(value, ensure_ascii=False, default=str) for value in values]
    return pa.array(written, pa.string())
