"""Scored rows appended to a table of an SQL database, with the id of the run: ``postgresql://ada@host/shop#scored``."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects.mysql import LONGTEXT
from sqlalchemy.exc import DBAPIError

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.databases import connect, describe, dialect_of, file_of, is_database, parse_url
from sentiment.errors import UserError
from sentiment.scoring.outputs.appended import RUN_ID, AppendedRows, check_names, refuse_overwrite
from sentiment.scoring.outputs.files import to_json

EXPECTED = "the URL of a database with # and a table, such as sqlite:///shop.db#scored"
matches = is_database


def check(address: str, source: Corpus, overwrite: bool) -> None:
    name = f"output={address}"
    parse_url(name, address)
    if not _table_name(address):
        raise UserError(f"{name} names no table: write {address.rstrip('#')}#scored for one that is called scored")
    refuse_overwrite(name, overwrite)


def location(address: str) -> str:
    return address


class AppendedTable(AppendedRows):
    """Rows that are inserted. MySQL and Snowflake create tables outside transactions: an empty one may be left.

    Structures are written as JSON.
    """

    def __init__(self, address: str, schema: pa.Schema) -> None:
        dialect = dialect_of(address)
        super().__init__(f"output={address}", schema, partial(_storable, dialect=dialect), dialect == "postgresql")
        self._address = address

    def write(self, rows: pa.RecordBatch) -> None:
        arrays = [to_json(array) if pa.types.is_nested(array.type) else array for array in rows.columns]
        super().write(pa.RecordBatch.from_arrays(arrays, rows.schema.names))

    def try_out(self) -> None:
        """Raise UserError if no table or no row can be added."""
        file = file_of(self._name, self._address)
        if file and not file.exists():
            if not file.parent.is_dir():
                raise UserError(f"{self._name}: there is no folder {file.parent}")
            return  # append creates it with all rows
        with connect(self._name, self._address, read_only=False) as connection:
            table = self._make_table(connection)
            cells: list[sa.ColumnElement[Any]] = [sa.null()] * len(table.columns)
            if connection.dialect.name == "postgresql":  # which checks types even without a row
                cells = [sa.cast(sa.null(), column.type) for column in table.columns]
            with _accepted(self._name):
                connection.execute(table.insert().from_select(self.schema.names, sa.select(*cells).where(sa.false())))
            connection.rollback()

    def append(self) -> None:
        with connect(self._name, self._address, read_only=False) as connection:
            table = self._make_table(connection)
            with _accepted(self._name):
                if connection.dialect.name == "duckdb":  # which inserts only a thousand single rows a second
                    written = connection.dialect.identifier_preparer.format_table(table)
                    rows_of = f"SELECT * FROM read_parquet('{self.file}')"
                    connection.exec_driver_sql(f"INSERT INTO {written} BY NAME {rows_of}")
                else:
                    for rows in self.waiting():
                        connection.execute(table.insert(), rows.to_pylist())
                connection.commit()

    def _make_table(self, connection: sa.Connection) -> sa.Table:
        """The table, created if there is none; UserError if it lacks a column."""
        schema, _, name = _table_name(self._address).rpartition(".")
        _, *own = self.schema
        columns = [sa.Column(RUN_ID, sa.String(32)), *(sa.Column(each.name, _column_type(each.type)) for each in own)]
        table = sa.Table(name, sa.MetaData(), *columns, schema=schema or None, mysql_charset="utf8mb4")
        if not sa.inspect(connection).has_table(name, schema or None):
            table.create(connection)
            return table
        there = connection.execute(sa.select(sa.text("*")).select_from(table).where(sa.false())).keys()
        check_names(self._name, [column.name for column in columns], there)
        return table


open_output = AppendedTable


@contextmanager
def _accepted(name: str) -> Iterator[None]:
    """Raise what a table refuses in the block as a UserError with advice."""
    try:
        yield
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        raise UserError(
            f"{name}: {describe(error)}; no row was written: name a table that takes these rows, or one that is not "
            "there yet"
        ) from error


def _table_name(address: str) -> str:
    return address.partition("#")[2]


def _storable(kind: pa.DataType, dialect: str) -> pa.DataType | None:
    """The type in which a database stores values of another; None if databases share none."""
    is_a = pa.types
    if is_a.is_nested(kind):
        return pa.string()
    if is_a.is_uint64(kind):  # which is more than BIGINT holds; SQLite has no larger integer, and would round a decimal
        return pa.string() if dialect == "sqlite" else pa.decimal128(20, 0)
    if is_a.is_float16(kind):
        return pa.float32()
    if is_a.is_fixed_size_binary(kind) or is_a.is_binary_view(kind):
        return pa.binary()
    if is_a.is_timestamp(kind) and kind.tz and dialect in ("sqlite", "mysql"):  # which drop the zone
        return pa.timestamp("us", "UTC")
    return None if is_a.is_duration(kind) else kind


def _column_type(kind: pa.DataType) -> Any:
    """The type of a column of a new table."""
    is_a = pa.types
    if is_a.is_boolean(kind):
        return sa.Boolean()
    if is_a.is_integer(kind):
        return sa.BigInteger()
    if is_a.is_floating(kind):
        return sa.Double()
    if is_a.is_decimal(kind):
        return sa.Numeric(kind.precision, kind.scale)
    if is_a.is_timestamp(kind):
        return sa.DateTime(timezone=kind.tz is not None)
    if is_a.is_date(kind):
        return sa.Date()
    if is_a.is_time(kind):
        return sa.Time()
    if is_a.is_binary(kind) or is_a.is_large_binary(kind):
        return sa.LargeBinary()
    return sa.Text().with_variant(LONGTEXT(), "mysql")  # whose TEXT ends at 65,535 bytes
