"""Scored rows in a file: .csv, .tsv, .jsonl or .parquet, compressed or not, on this machine or in a bucket."""

import bz2
import glob
import gzip
import json
import lzma
import math
import os
import tempfile
import uuid
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.hints import describe_suffix
from sentiment.corpora.stores import BUCKETS, COMPRESSIONS, buckets, compression_of, scheme_of, suffix_of
from sentiment.corpora.tables import SEPARATORS, SUFFIXES
from sentiment.errors import UserError

EXPECTED = (
    f"a path, or an address of {', '.join(f'{scheme}://' for scheme in BUCKETS[:-1])}, that ends in "
    f"{', '.join(SUFFIXES)}, with or without {', '.join(COMPRESSIONS)}"
)


def matches(address: str) -> bool:
    return scheme_of(address) in ("", *BUCKETS)


def check(address: str, source: Corpus, overwrite: bool) -> None:
    name, path = f"output={address}", Path(address)
    if suffix_of(address) not in SUFFIXES:
        raise UserError(f"{name}: expected {EXPECTED}{describe_suffix(path)}")
    if suffix_of(address) == ".parquet" and compression_of(address):
        raise UserError(f"{name}: Parquet files have a compression of their own: leave out {compression_of(address)}")
    remote = bool(scheme_of(address))
    if address == source.address or not remote and _is_read(path, source.address):
        raise UserError(f"{name} is the input: give it another name")
    if not overwrite and (buckets.exists(name, address) if remote else path.exists()):
        raise UserError(f"{name} already exists: give another name, or -P overwrite=true")
    if not remote and not path.parent.is_dir():
        raise UserError(f"{name}: there is no folder {path.parent}")


def _is_read(path: Path, source: str) -> bool:
    """Whether an input, a path or a pattern, has this file, also by a name that its disk takes for the same."""
    found = (source, *glob.glob(source, recursive=True))
    if path.resolve() in (Path(one).resolve() for one in found):
        return True
    return path.exists() and any(os.path.exists(one) and path.samefile(one) for one in found)


def location(address: str) -> str:
    return address if scheme_of(address) else str(Path(address).resolve())


class ScoredFile:
    """A :class:`sentiment.scoring.outputs.Output` of a file.

    It writes to a file beside ``address``, for a bucket in the folder of temporary files, which takes its place or is
    copied there at the end, and is deleted where an error ends the block. CSV has no nested values: they are written as
    JSON. Bytes are written as text, ``\\xff`` for those that are not UTF-8.
    """

    def __init__(self, address: str, schema: pa.Schema) -> None:
        self._address, self._suffix = address, suffix_of(address)
        if self._suffix in SEPARATORS:
            flat = [field.with_type(pa.string()) if _needs_string(field.type) else field for field in schema]
            schema = pa.schema(flat)
        self._schema = schema

    def __enter__(self) -> Self:
        if scheme_of(self._address):
            handle, name = tempfile.mkstemp(suffix=".partial")
            os.close(handle)
            self._partial = Path(name)
        else:
            path = Path(self._address)
            self._replaces = path.exists()
            # A name of its own: another run may write to the same place.
            self._partial = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.partial")
        try:
            self._content = _open(self._partial, compression_of(self._address))
        except OSError as error:
            raise UserError(f"output={self._address} cannot be written: {error.strerror}") from error
        if self._suffix == ".parquet":
            self._writer = pq.ParquetWriter(self._content, self._schema)
        elif self._suffix != ".jsonl":
            options = pyarrow.csv.WriteOptions(delimiter=SEPARATORS[self._suffix], quoting_style="needed")
            self._writer = pyarrow.csv.CSVWriter(self._content, self._schema, write_options=options)
        else:
            self._writer = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        kept = False
        try:
            if self._writer is not None:
                self._writer.close()
            self._content.close()
            if kind:
                return
            if scheme_of(self._address):
                buckets.upload(f"output={self._address}", self._partial, self._address)
            elif Path(self._address).exists() and not self._replaces:
                kept = True
                raise UserError(
                    f"output={self._address} was written by another run meanwhile: the rows are in {self._partial}"
                )
            else:
                os.replace(self._partial, self._address)
        finally:
            if not kept:
                self._partial.unlink(missing_ok=True)

    def write(self, rows: pa.RecordBatch) -> None:
        if self._writer is None:
            lines = (_to_line(row) for row in rows.to_pylist())
            self._content.write("".join(f"{line}\n" for line in lines).encode())
            return
        arrays = [
            _to_strings(array) if _needs_string(array.type) and pa.types.is_string(field.type) else array
            for array, field in zip(rows.columns, self._schema)
        ]
        self._writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=self._schema))


open_output = ScoredFile


def _open(path: Path, compression: str) -> Any:
    """A new file that is compressed while it is written."""
    if compression == ".zst":
        return pa.CompressedOutputStream(pa.OSFile(str(path), "wb"), "zstd")
    modules: dict[str, Any] = {".gz": gzip, ".bz2": bz2, ".xz": lzma}
    return modules[compression].open(path, "wb") if compression else open(path, "wb")


def to_json(array: pa.Array) -> pa.Array:
    values: list[Any] = array.to_pylist()
    return pa.array([None if value is None else _to_line(value) for value in values], pa.string())


def _to_line(value: Any) -> str:
    """A value as JSON, which has no number for NaN and infinity: they are null."""
    try:
        return json.dumps(value, ensure_ascii=False, default=_to_text, allow_nan=False)
    except ValueError:
        return json.dumps(_without_infinity(value), ensure_ascii=False, default=_to_text)


def _without_infinity(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_infinity(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_infinity(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _to_text(value: Any) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def _needs_string(kind: pa.DataType) -> bool:
    """Whether pyarrow's writer of CSV cannot write a type, or not all of its values."""
    is_a = pa.types
    views = is_a.is_string_view(kind) or is_a.is_binary_view(kind)
    binary = is_a.is_binary(kind) or is_a.is_large_binary(kind) or is_a.is_fixed_size_binary(kind)
    return is_a.is_nested(kind) or binary or views


def _to_strings(array: pa.Array) -> pa.Array:
    if pa.types.is_nested(array.type):
        return to_json(array)
    return pa.array([None if value is None else _to_text(value) for value in array.to_pylist()], pa.string())
