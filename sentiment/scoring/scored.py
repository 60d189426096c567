"""The file that scored rows go to: there when it is whole, and not before."""

import json
import os

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from sentiment.errors import UserError
from sentiment.scoring.rows import SEPARATORS, kind_of

ADDED = pa.schema([("label", pa.string()), ("score", pa.float64()), ("reason", pa.string())])
INPUT = "input_"  # before the name of a column of the input that is called as one of those


class ScoredFile:
    """Writes rows with the columns label, score and reason after their own, to a file beside the one that it becomes.

    Args:
        path: where to, a Path.
        schema: ``pyarrow.Schema`` of the rows' own columns.

    Attributes:
        renamed: those columns that have another name now, a list.
    """

    def __init__(self, path, schema):
        self._path = path
        self._partial = path.with_name(f".{path.name}.partial")
        self._kind = kind_of("output", path)
        self.renamed = [name for name in schema.names if name in ADDED.names]
        fields = [field.with_name(INPUT + field.name) if field.name in self.renamed else field for field in schema]
        self._schema = pa.schema([*(field.remove_metadata() for field in fields), *ADDED])
        if self._kind in SEPARATORS:  # which hold nothing nested
            flat = (field.with_type(pa.string()) if pa.types.is_nested(field.type) else field for field in self._schema)
            self._schema = pa.schema(flat)
        self._writer = self._file = None

    def __enter__(self):
        if self._kind == ".parquet":
            self._writer = pq.ParquetWriter(self._partial, self._schema)
        elif self._kind == ".jsonl":
            self._file = open(self._partial, "w", encoding="utf-8", newline="\n")
        else:
            options = pyarrow.csv.WriteOptions(delimiter=SEPARATORS[self._kind], quoting_style="needed")
            self._writer = pyarrow.csv.CSVWriter(self._partial, self._schema, write_options=options)
        return self

    def __exit__(self, failure, *_):
        (self._writer or self._file).close()
        if failure:
            self._partial.unlink()
        else:
            os.replace(self._partial, self._path)

    def write(self, columns, labels, scores, reasons):
        """Add a batch of rows: their own columns, and three lists with None where there is nothing to say."""
        added = [pa.array(values, field.type) for values, field in zip((labels, scores, reasons), ADDED)]
        arrays = [
            _as_json(array) if pa.types.is_nested(array.type) and pa.types.is_string(field.type) else array
            for array, field in zip([*columns.columns, *added], self._schema)
        ]
        batch = pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        if self._kind == ".jsonl":
            rows = batch.to_pylist()
            self._file.writelines(f"{json.dumps(row, ensure_ascii=False, default=str)}\n" for row in rows)
        else:
            self._writer.write_batch(batch)


def check_output(path, source, overwrite):
    """Raise UserError where a file cannot, or must not, be written."""
    if path.resolve() == source.resolve():
        raise UserError(f"output={path} is the input: give it another name")
    if path.exists() and not overwrite:
        raise UserError(f"output={path} is there already: give another name, or -P overwrite=true")
    if not path.parent.is_dir():
        raise UserError(f"output={path}: there is no folder {path.parent}")


def _as_json(array):
    values = (
        None if value is None else json.dumps(value, ensure_ascii=False, default=str) for value in array.to_pylist()
    )
    return pa.array(values, pa.string())
