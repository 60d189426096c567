"""Interfaces of tables: rows, read in batches, with the problems of rows, and the kinds of tables.

``main`` imports this module and starts without pyarrow, so it is imported where it is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.hints import describe_header
from sentiment.corpora.labels import WITHOUT_INVISIBLE
from sentiment.digests import Digest
from sentiment.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa
    from mlflow.data.dataset_source import DatasetSource

SEPARATORS = {".csv": ",", ".tsv": "\t"}
SUFFIXES = (*SEPARATORS, ".jsonl", ".parquet")
BATCH_ROWS = 5_000
NOT_UTF8 = "is not UTF-8"


class Problem(NamedTuple):
    """What is wrong with a row.

    Args:
        number: the line that the row starts on, from 1; for tables without lines the row's number, from 1.
        what: what is wrong, as a predicate: "is not UTF-8".
    """

    number: int
    what: str


@dataclass
class Batch:
    """Some rows.

    Args:
        columns: ``pyarrow.RecordBatch`` with all columns of the table. A row with a problem has what could be read of
            it, with the replacement character for bytes that are not UTF-8.
        done: how much of ``Table.total`` has been read so far.
        problems: the rows with a problem, by their position in the batch.
        cells: the values from which ``columns`` was built, one sequence per column; None: those of ``columns``.
        part: the part of the table that the rows are from, such as one of several files; empty if it has no parts.
    """

    columns: pa.RecordBatch
    done: int
    problems: dict[int, Problem] = field(default_factory=dict)
    cells: Sequence[Sequence[Any]] | None = None
    part: str = ""

    def values(self, name: str) -> Sequence[Any]:
        """A column as Python values, before any conversion to one type."""
        place = self.columns.schema.names.index(name)
        if self.cells is not None:
            return self.cells[place]
        column = self.columns.column(place)
        return (cast(column, "double") if str(column.type) == "float" else column).to_pylist()


def cast(column: pa.Array, kind: pa.DataType | str) -> pa.Array:
    """A column as another type; 32-bit numbers as they are written: 0.1, not 0.10000000149011612."""
    return (column.cast("string") if str(column.type) == "float" and column.type != kind else column).cast(kind)


class Table(Protocol):
    """An open table. Iterating over it gives a :class:`Batch` of up to ``BATCH_ROWS`` rows at a time, in order.

    Iterating raises UserError if the table can no longer be read.

    Attributes:
        name: the parameter and the address, for messages: ``input=reviews.csv``.
        suffix: one of ``SUFFIXES``; empty if the table is not a file.
        text_column: the column that holds the texts.
        schema: ``pyarrow.Schema`` of the columns.
        total: ``Batch.done`` at the end; None if unknown.
        unit: the unit of ``total``: B or rows.
        numbered: what ``Problem.number`` counts: line or row.
        hint: how to fix a table that has a problem.
    """

    name: str
    suffix: str
    text_column: str
    schema: pa.Schema
    total: int | None
    unit: str
    numbered: str
    hint: str

    def __iter__(self) -> Iterator[Batch]: ...


class FoundTable(Protocol):
    """A table as it was when found: if it has versions, all methods answer for the same one."""

    @property
    def location(self) -> str:
        """The full path or URI, without credentials, and the version, for the run."""

    def open(self) -> Table:
        """Open the table. The names of its columns need not be checked.

        Raises:
            UserError: it is empty, cannot be read, or has changed since.
        """

    def digest(self) -> Digest | None:
        """Digest of the content, or of what changes with it, such as a version; None if there is none.

        ``ingest`` is reused while the digest is unchanged; with None it reads each time.
        """

    def dataset_source(self) -> DatasetSource:
        """The table's location as an MLflow dataset source."""


class TableKind(Protocol):
    """The interface of the modules listed in :mod:`sentiment.corpora.tables.kinds`, one per kind of table.

    ``main`` imports these modules and starts without pandas and pyarrow: they import these, and packages of their
    own, in the functions that need them. If a package is missing, ``find`` says what to install.

    Attributes:
        EXPECTED: what the address may be, as a noun phrase for the error message about an unknown one.
    """

    EXPECTED: str

    def matches(self, corpus: Corpus) -> bool:
        """Whether the address has the form of this kind, whether or not anything is there."""

    def find(self, corpus: Corpus) -> FoundTable:
        """The table, at its latest version.

        Raises:
            UserError: there is no such table, or a package is missing.
        """


def require_column(table: Table, parameter: str, column: str, otherwise: str = "") -> None:
    """Raise UserError if a table has no such column, or several; ``otherwise`` is what to do if there is none."""
    names = table.schema.names
    if column not in names:
        looks = None
        if table.suffix in SEPARATORS:
            looks = describe_header(table.name.partition("=")[2], names, SEPARATORS[table.suffix], table.text_column)
        if looks:
            raise UserError(f"{table.name} has no column {column!r}: {looks}")
        shown = [name if name == _visible(name) else repr(name) for name in names]
        meant = next((name for name in names if _visible(name) == column), "")
        typed = repr(meant) if meant.isprintable() else f"${meant!r}".replace(r"\x", r"\u00")  # in bash, with escapes
        advice = f"name the right one with -P {parameter}={typed if meant else ''}{otherwise}"
        if table.name.startswith("corrections="):  # those parameters are of the corpus
            advice = f"rename the right one to {column}"
        raise UserError(f"{table.name} has no column {column!r}: it has {', '.join(shown) or 'none'}; {advice}")
    if names.count(column) > 1:
        raise UserError(f"{table.name} has two columns {column}: give each a name of its own")


def _visible(name: str) -> str:
    return name.translate(WITHOUT_INVISIBLE).strip()


def problem_error(table: Table, problem: Problem, part: str = "") -> UserError:
    """The error for a table, or a part of one, that is only used as a whole."""
    name, place = f"{table.name}: {part}" if part else table.name, f"{table.numbered} {problem.number}"
    if problem.what == NOT_UTF8:
        return UserError(f"{name} is not UTF-8 ({place}): convert it to UTF-8")
    form = f" as {table.suffix}" if table.suffix else ""
    return UserError(f"{name} cannot be read{form}: {place} {problem.what}; {table.hint}")
