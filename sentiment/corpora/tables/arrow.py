"""Rows that a library gives as Arrow record batches, and Arrow types."""

from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.tables import BATCH_ROWS, Batch
from sentiment.errors import UserError

STRINGS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
BYTES = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view, pa.types.is_fixed_size_binary)


def is_any(kind: pa.DataType, tests: Iterable[Callable[[pa.DataType], bool]]) -> bool:
    """Whether a type, or the value type of a dictionary, passes one of some tests of ``pyarrow.types``."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return any(test(kind) for test in tests)


class ArrowTable:
    """A :class:`sentiment.corpora.tables.Table` of record batches of any size.

    Args:
        corpus: where they are from.
        schema: ``pyarrow.Schema`` of the batches.
        total: number of all rows, if known.
        read: function that gives each batch with the part of the table that it is from; empty if it has no parts.
        errors: exceptions that the library raises while it reads.
    """

    suffix = ""
    unit = "rows"
    numbered = "row"
    hint = "write the table again"

    def __init__(
        self,
        corpus: Corpus,
        schema: pa.Schema,
        total: int | None,
        read: Callable[[], Iterable[tuple[str, pa.RecordBatch]]],
        *errors: type[Exception],
    ) -> None:
        self.name, self.text_column = corpus.name, corpus.text_column
        self.schema, self.total = schema.remove_metadata(), total
        self._read = read
        self._errors = (pa.ArrowException, OSError, *errors)

    def __iter__(self) -> Iterator[Batch]:
        done = 0
        try:
            for part, rows in self._read():
                for start in range(0, rows.num_rows, BATCH_ROWS):
                    columns = rows.slice(start, BATCH_ROWS).replace_schema_metadata(None)
                    done += columns.num_rows
                    yield Batch(columns, done, part=part)
        except self._errors as error:
            raise UserError(
                f"{self.name}: reading stopped after {done:,} rows, none of which are kept: {error}"
            ) from error
