"""The rows of a query, streamed."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.databases import DATABASES, connect, describe, dialect_of
from sentiment.corpora.tables import BATCH_ROWS, Batch
from sentiment.errors import UserError


class SqlTable:
    """A :class:`sentiment.corpora.tables.Table` of a query's rows. Iterating again sends the query again.

    Drivers share no way to tell the types of a query's columns, so the first ``BATCH_ROWS`` rows decide. Structures in
    the database, such as JSON or arrays, become strings of JSON, and values without a simple Arrow type become
    strings.

    Raises:
        UserError: the database cannot be reached, or refuses the query.
    """

    suffix = ""
    total: int | None = None
    unit = "rows"
    numbered = "row"
    hint = "correct it in the query"

    def __init__(self, corpus: Corpus) -> None:
        self.name, self.text_column = corpus.name, corpus.text_column
        self._corpus = corpus
        self._names: list[str] = []
        self._parts: Iterator[Sequence[Any]] | None = self._fetch()
        self._first = next(self._parts, [])  # connects, and sends the query
        cells = list(zip(*self._first)) if self._first else [()] * len(self._names)
        self.schema = pa.schema([(name, _kind(values)) for name, values in zip(self._names, cells)])

    def __iter__(self) -> Iterator[Batch]:
        parts, self._parts = self._parts or self._fetch(), None
        part, done = self._first or next(parts, []), 0
        self._first = []
        while part:
            cells = [
                tuple(map(_decode, values)) if pa.types.is_string(field.type) else values
                for values, field in zip(zip(*part), self.schema)
            ]
            arrays = [self._array(values, field, done) for values, field in zip(cells, self.schema)]
            done += len(part)
            yield Batch(pa.RecordBatch.from_arrays(arrays, schema=self.schema), done, cells=cells)
            part = next(parts, [])

    def _fetch(self) -> Iterator[Sequence[Any]]:
        """Lists of up to ``BATCH_ROWS`` rows."""
        fetched = 0
        with connect(self.name, self._corpus.address, read_only=True) as connection:
            # Without parameters a driver leaves % as it is.
            options = {"stream_results": True, "yield_per": BATCH_ROWS, "no_parameters": True}
            try:
                result = connection.execution_options(**options).exec_driver_sql(self._corpus.query)
            except DBAPIError as error:
                if error.connection_invalidated:
                    raise
                has_users = DATABASES[dialect_of(self._corpus.address)].login
                allow = ", or let this user read it" if has_users else ""
                raise UserError(f"{self.name}: {describe(error)}; correct query={self._corpus.query}{allow}") from error
            self._names, cursor = list(result.keys()), result.cursor
            while True:
                try:
                    rows = result.fetchmany(BATCH_ROWS)
                except SQLAlchemyError as error:
                    if not fetched:
                        raise
                    _give_up(connection, cursor)
                    raise UserError(
                        f"{self.name}: reading stopped after {fetched:,} rows, none of which are kept: "
                        f"{describe(error)}{'; try again' if getattr(error, 'connection_invalidated', False) else ''}"
                    ) from error
                if not rows:
                    return
                fetched += len(rows)
                try:
                    yield rows
                except GeneratorExit:  # reading stopped
                    _give_up(connection, cursor)
                    raise

    def _array(self, values: Sequence[Any], field: pa.Field, before: int) -> pa.Array:
        if pa.types.is_string(field.type):
            return pa.array(map(_as_string, values), pa.string())
        try:
            return pa.array(values, field.type)
        except (pa.ArrowException, TypeError, OverflowError, ValueError) as error:
            raise UserError(
                f"{self.name}: the column {field.name} is {field.type} in the first rows, and something else among "
                f"rows {before + 1:,} to {before + len(values):,} ({error}): give it one type in the query, such as "
                f"cast({field.name} as varchar(100))"
            ) from error


def _give_up(connection: Connection, cursor: Any) -> None:
    """Close a connection abruptly: an orderly end would read all other rows, or fail as reading did."""
    if unread := getattr(cursor, "_result", None):  # PyMySQL's, which otherwise reads on when it is collected
        unread.unbuffered_active = False
    connection.invalidate()


def _kind(values: Sequence[Any]) -> pa.DataType:
    """The type of some values of a column; string if they are mixed, structured, or all missing."""
    try:
        kind = pa.array(values).type
    except (pa.ArrowException, TypeError, OverflowError, ValueError):
        return pa.string()
    if pa.types.is_decimal(kind):
        return pa.decimal128(38, kind.scale)
    if pa.types.is_binary(kind):  # even if there are strings among the bytes
        return pa.string() if any(isinstance(value, str) for value in values) else kind
    return kind if pa.types.is_primitive(kind) else pa.string()  # numbers, times, booleans


def _decode(value: Any) -> Any:
    """Bytes, which SQLite may have among strings, as a string; unchanged if they are not UTF-8."""
    try:
        return value.decode("utf-8") if isinstance(value, bytes) else value
    except UnicodeDecodeError:
        return value


def _as_string(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, (dict, list)) else str(value)
