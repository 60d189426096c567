"""Parquet files. Columns keep their types."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.stores import File
from sentiment.corpora.tables import BATCH_ROWS, NOT_UTF8, Batch, Problem
from sentiment.corpora.tables.arrow import BYTES, STRINGS, is_any
from sentiment.errors import UserError


class ParquetTable:
    """A :class:`sentiment.corpora.tables.Table` of a Parquet file.

    Texts, labels and slices stored as bytes, as by writers without a string type, are decoded from UTF-8.

    Raises:
        UserError: the file is not a Parquet file.
    """

    unit = "rows"
    suffix = ".parquet"
    numbered = "row"
    hint = "write the file again"

    def __init__(self, corpus: Corpus, file: File) -> None:
        self.name, self.text_column = file.name, corpus.text_column
        content = file.open_seekable()
        try:
            self._file = pq.ParquetFile(content)
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from error
        self.total: int | None = self._file.metadata.num_rows
        stored = self._file.schema_arrow
        self._as_bytes = {
            place for place, field in enumerate(stored) if field.name in corpus.columns and is_any(field.type, BYTES)
        }
        self.schema = pa.schema(
            [field.with_type(pa.string()) if place in self._as_bytes else field for place, field in enumerate(stored)]
        )

    def __iter__(self) -> Iterator[Batch]:
        done = 0
        try:
            for columns in self._file.iter_batches(batch_size=BATCH_ROWS):
                batch = self._decoded(columns, done)
                done = batch.done
                yield batch
        except (pa.ArrowException, OSError) as error:
            raise self._unreadable(error) from error

    def _decoded(self, columns: pa.RecordBatch, before: int) -> Batch:
        """The rows that follow ``before`` others, with strings that are UTF-8."""
        problems: dict[int, Problem] = {}
        arrays = []
        for place, (array, field) in enumerate(zip(columns.columns, self.schema)):
            if place in self._as_bytes or not _is_valid(array):
                values = array.cast(_bytes_type(array.type)).to_pylist()
                decoded = [None if value is None else value.decode("utf-8", "replace") for value in values]
                problems |= {
                    row: Problem(before + row + 1, NOT_UTF8)
                    for row, (value, text) in enumerate(zip(values, decoded))
                    if text is not None and "\ufffd" in text and text.encode("utf-8") != value
                }
                array = pa.array(decoded, field.type)
            arrays.append(array)
        return Batch(pa.RecordBatch.from_arrays(arrays, schema=self.schema), before + columns.num_rows, problems)

    def _unreadable(self, error: Exception) -> UserError:
        return UserError(
            f"{self.name} cannot be read as .parquet: {str(error).rstrip('.')}; if it is cut short, copy it again"
        )


def _is_valid(array: pa.Array) -> bool:
    """Whether the strings of an array are UTF-8: Parquet files may wrongly say so."""
    if not is_any(array.type, STRINGS):
        return True
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _bytes_type(kind: pa.DataType) -> pa.DataType:
    return pa.large_binary() if pa.types.is_large_string(kind) else pa.binary()
