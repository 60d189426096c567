"""The file of scored rows. It appears when it is complete, and not before."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from sentiment.corpora.tables import SEPARATORS, suffix_of
from sentiment.errors import UserError

ADDED = ("label", "score", "reason")
PREFIX = "input_"  # of a column of the input whose name is that of an added one


class ScoredFile:
    """Writes rows with their own columns, then those that scoring adds.

    It writes to a file beside ``path``, which takes its place at the end, and is deleted where an error ends the block.

    Args:
        path: of the output; its suffix says which format.
        schema: ``pyarrow.Schema`` of the rows' own columns.
        added: names of the columns that scoring adds; label and reason are strings, all others are numbers.

    Attributes:
        renamed: dict from the columns that have another name in the output to that name.
    """

    def __init__(self, path: Path, schema: pa.Schema, added: Sequence[str] = ADDED) -> None:
        self._path = path
        self._partial = path.with_name(f".{path.name}.partial")
        self._suffix = suffix_of("output", path)
        names = output_names(schema.names, added)
        self.renamed = {before: now for before, now in zip(schema.names, names) if before != now}
        fields = [field.with_name(name).remove_metadata() for field, name in zip(schema, names)]
        if self._suffix in SEPARATORS:  # CSV has no nested values: they are written as JSON
            fields = [field.with_type(pa.string()) if pa.types.is_nested(field.type) else field for field in fields]
        kinds = {"label": pa.string(), "reason": pa.string()}
        self._added = [pa.field(name, kinds.get(name, pa.float64())) for name in added]
        self._schema = pa.schema([*fields, *self._added])

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

    def write(self, columns: pa.RecordBatch, scored: Sequence[list[Any]]) -> None:
        """Add rows: their own columns, then the added ones, with None where there is no value."""
        added = [pa.array(values, field.type) for values, field in zip(scored, self._added, strict=True)]
        arrays = [
            _to_json(array) if pa.types.is_nested(array.type) and pa.types.is_string(field.type) else array
            for array, field in zip([*columns.columns, *added], self._schema)
        ]
        batch = pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        if self._suffix == ".jsonl":
            rows = batch.to_pylist()
            self._writer.writelines(f"{json.dumps(row, ensure_ascii=False, default=str)}\n" for row in rows)
        else:
            self._writer.write_batch(batch)


def output_names(names: list[str], added: Sequence[str] = ADDED) -> list[str]:
    """The names that the columns of the input have in the output: another one for those that scoring adds."""
    taken = {*names, *added}
    found = []
    for name in names:
        free = name
        if name in added:
            while free in taken:
                free = PREFIX + free
            taken.add(free)
        found.append(free)
    return found


def check_output(path: Path, source: Path, overwrite: bool) -> None:
    """Raise UserError where the output cannot, or must not, be written."""
    suffix_of("output", path)
    if path.resolve() == source.resolve():
        raise UserError(f"output={path} is the input: give it another name")
    if path.exists() and not overwrite:
        raise UserError(f"output={path} already exists: give another name, or -P overwrite=true")
    if not path.parent.is_dir():
        raise UserError(f"output={path}: there is no folder {path.parent}")


def _to_json(array: pa.Array) -> pa.Array:
    values: list[Any] = array.to_pylist()
    written = [None if value is None else json.dumps(value, ensure_ascii=False, default=str) for value in values]
    return pa.array(written, pa.string())
