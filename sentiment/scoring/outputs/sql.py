"""Scored rows appended to a table of an SQL database, with the id of the run: ``postgresql://ada@host/shop#scored``."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlalchemy.dialects.mysql import LONGTEXT

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.databases import connect, dialect_of, file_of, is_database, parse_url
from sentiment.corpora.tables import BATCH_ROWS
from sentiment.errors import UserError
from sentiment.scoring.outputs.files import to_json
from sentiment.scoring.scored import output_names
from sentiment.tracking import active_run

EXPECTED = "the URL of a database with # and a table, such as sqlite:///shop.db#scored"
RUN_ID = "run_id"  # the column with the id of the run


def matches(address: str) -> bool:
    return is_database(address)


def check(address: str, source: Corpus, overwrite: bool) -> None:
    name = f"output={address}"
    parse_url(name, address)
    if not _table_name(address):
        raise UserError(f"{name} names no table: write {address.rstrip('#')}#scored for one that is called scored")
    if overwrite:
        raise UserError(f"{name}: rows are appended to a table, never replaced: leave out overwrite=true")


def location(address: str) -> str:
    return address


def open_output(address: str, schema: pa.Schema) -> "AppendedTable":
    return AppendedTable(address, schema)


class AppendedTable:
    """A :class:`sentiment.scoring.outputs.Output` of a table, which is made where it is missing.

    The rows wait in a file until all of them are scored, and are then inserted in one transaction: so nothing is locked
    for as long as scoring takes, and the table may be the one that is read. MySQL and Snowflake make tables outside
    of transactions: an empty one can be left there.
    """

    def __init__(self, address: str, schema: pa.Schema) -> None:
        self._address, self._name = address, f"output={address}"
        flat = [field.with_type(pa.string()) if pa.types.is_nested(field.type) else field for field in schema]
        names = output_names(schema.names, [RUN_ID])
        self._own = pa.schema([field.with_name(name) for field, name in zip(flat, names)])
        counts = Counter(name.lower() for name in names)
        alike = [name for name in names if counts[name.lower()] > 1]
        if alike and dialect_of(address) != "postgresql":
            raise UserError(
                f"{self._name}: {' and '.join(alike)} are one name to this database: rename a column of the input"
            )
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._try_out()
        folder = self._stack.enter_context(tempfile.TemporaryDirectory())
        self._file = Path(folder, "scored.parquet")
        self._writer = pq.ParquetWriter(self._file, self._own)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._stack:
            self._writer.close()
            if not kind:
                self._append()

    def write(self, rows: pa.RecordBatch) -> None:
        arrays = [to_json(array) if pa.types.is_nested(array.type) else array for array in rows.columns]
        self._writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=self._own))

    def _try_out(self) -> None:
        """Raise UserError where rows will be refused, before hours of scoring, where no table or no row can be made."""
        file = file_of(self._name, self._address)
        if file and not file.exists():
            if not file.parent.is_dir():
                raise UserError(f"{self._name}: there is no folder {file.parent}")
            return  # it will be made with all rows in it
        with connect(self._name, self._address, read_only=False) as connection:
            table = self._make_table(connection)
            names = [RUN_ID, *self._own.names]
            connection.execute(
                table.insert().from_select(names, sa.select(*[sa.null()] * len(names)).where(sa.false()))
            )
            connection.rollback()

    def _append(self) -> None:
        with connect(self._name, self._address, read_only=False) as connection:
            table = self._make_table(connection)
            if connection.dialect.name == "duckdb":  # which takes rows one by one at a thousand a second
                written = connection.dialect.identifier_preparer.format_table(table)
                connection.exec_driver_sql(
                    f"INSERT INTO {written} BY NAME SELECT *, '{active_run().info.run_id}' AS {RUN_ID} "
                    f"FROM read_parquet('{self._file}')"
                )
            else:
                for rows in self._rows():
                    connection.execute(table.insert(), rows)
            connection.commit()

    def _make_table(self, connection: sa.Connection) -> sa.Table:
        """The table, made where there is none; UserError where it lacks a column."""
        schema, _, name = _table_name(self._address).rpartition(".")
        columns = [sa.Column(field.name, _column_type(field.type)) for field in self._own]
        columns.insert(0, sa.Column(RUN_ID, sa.String(32)))
        table = sa.Table(name, sa.MetaData(), *columns, schema=schema or None, mysql_charset="utf8mb4")
        if not sa.inspect(connection).has_table(name, schema or None):
            table.create(connection)
            return table
        there = connection.execute(sa.select(sa.text("*")).select_from(table).where(sa.false())).keys()
        missing = [column.name for column in columns if column.name not in there]
        if missing:
            raise UserError(
                f"{self._name}: the table has no column {missing[0]!r}, it has {', '.join(there)}: add it, name a "
                "table that is not there yet, or select other columns of the input"
            )
        return table

    def _rows(self) -> Iterator[list[dict[str, Any]]]:
        """The scored rows, in lists, as a driver takes them."""
        run_id = active_run().info.run_id
        for batch in pq.ParquetFile(self._file).iter_batches(BATCH_ROWS):
            yield [row | {RUN_ID: run_id} for row in batch.to_pylist()]


def _table_name(address: str) -> str:
    return address.partition("#")[2]


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
