"""Rows that wait until all of them are scored, and are then appended to a table with the id of the run."""

import tempfile
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from sentiment.corpora.tables import BATCH_ROWS
from sentiment.errors import UserError
from sentiment.scoring.scored import output_names
from sentiment.tracking import active_run

RUN_ID = "run_id"  # the column with the id of the run


class AppendedRows(ABC):
    """A :class:`sentiment.scoring.outputs.Output` of a table, which is created if it is missing.

    The rows wait in a file until all of them are scored, and are then appended in one transaction: so nothing is locked
    during scoring, and the table may be the one that is read.

    Args:
        name: the parameter and the address, for messages.
        schema: ``pyarrow.Schema`` of the rows.
        storable: the type in which a table stores values of a type; None if it cannot.
        tells_case: whether column names that differ only in case are distinct.

    Attributes:
        schema: of the waiting rows: ``RUN_ID``, then their own columns in storable types.
    """

    def __init__(
        self,
        name: str,
        schema: pa.Schema,
        storable: Callable[[pa.DataType], pa.DataType | None],
        tells_case: bool = False,
    ) -> None:
        self._name = name
        names = output_names(schema.names, [RUN_ID])
        counts = Counter(own.lower() for own in names)
        alike = [own for own in names if counts[own.lower()] > 1]
        if alike and not tells_case:
            raise UserError(f"{name}: {' and '.join(alike)} are one name there: rename a column of the input")
        fields = [pa.field(RUN_ID, pa.string())]
        for field, own in zip(schema, names):
            kind = storable(field.type)
            if kind is None:
                raise UserError(
                    f"{name}: a table there has no type for the column {field.name!r}, which is {field.type}: leave it "
                    "out of the input, or write a file"
                )
            fields.append(pa.field(own, kind))
        self.schema = pa.schema(fields)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.try_out()
        folder = self._stack.enter_context(tempfile.TemporaryDirectory())
        self.file = Path(folder, "scored.parquet")
        self._writer = pq.ParquetWriter(self.file, self.schema)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._stack:
            self._writer.close()
            if not kind:
                self.append()

    def write(self, rows: pa.RecordBatch) -> None:
        run_id = pa.array([active_run().info.run_id] * rows.num_rows, pa.string())
        named = pa.RecordBatch.from_arrays([run_id, *rows.columns], self.schema.names)
        self._writer.write_batch(cast(named, self.schema))

    def waiting(self) -> Iterator[pa.RecordBatch]:
        """The rows, ``BATCH_ROWS`` at a time."""
        yield from pq.ParquetFile(self.file).iter_batches(BATCH_ROWS)

    @abstractmethod
    def try_out(self) -> None:
        """Raise UserError if rows will be refused, before hours of scoring."""

    @abstractmethod
    def append(self) -> None:
        """Append :meth:`waiting` in one transaction; UserError if the table refuses them."""


def refuse_overwrite(name: str, overwrite: bool) -> None:
    """Raise UserError if rows of a table are to be replaced."""
    if overwrite:
        raise UserError(f"{name}: rows are appended to a table, never replaced: leave out overwrite=true")


def check_names(name: str, own: Iterable[str], there: Collection[str]) -> None:
    """Raise UserError if rows have a column that a table lacks."""
    missing = [column for column in own if column not in there]
    if missing:
        raise UserError(
            f"{name}: the table has no column {missing[0]!r}, it has {', '.join(there)}: add it, name a table that is "
            "not there yet, or select other columns of the input"
        )


def cast(rows: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Rows in the columns of a schema, null if they have no such column. Nanoseconds of times are cut off."""
    names = set(rows.schema.names)
    arrays = [
        rows.column(field.name).cast(field.type, safe=not pa.types.is_timestamp(field.type))
        if field.name in names
        else pa.nulls(rows.num_rows, field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
