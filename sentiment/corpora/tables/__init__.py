"""Files of rows in .csv, .tsv, .jsonl and .parquet, read a batch at a time, with what is wrong with a row.

``main`` imports this module and starts without pyarrow, so it is imported where it is used.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from sentiment.corpora.hints import describe_header, describe_suffix
from sentiment.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa

SEPARATORS = {".csv": ",", ".tsv": "\t"}
SUFFIXES = (*SEPARATORS, ".jsonl", ".parquet")
BATCH_ROWS = 5_000
NOT_UTF8 = "is not UTF-8"


class Problem(NamedTuple):
    """Why a row cannot be trusted.

    Args:
        number: the line that the row starts on, from 1; of a Parquet file the row's number, from 1.
        what: what is wrong, as a predicate: "is not UTF-8".
    """

    number: int
    what: str


@dataclass
class Batch:
    """Some rows.

    Args:
        columns: ``pyarrow.RecordBatch`` with all columns of the file. Where a row has a problem, it holds what could
            be read of it, with the replacement character for bytes that are not UTF-8.
        done: bytes of the file, or rows of a Parquet file, that have been read so far.
        problems: the rows that have a problem, by their place in the batch.
        cells: the values that ``columns`` was made from, one sequence a column; None: they are those of ``columns``.
    """

    columns: pa.RecordBatch
    done: int
    problems: dict[int, Problem] = field(default_factory=dict)
    cells: Sequence[Sequence[Any]] | None = None

    def values(self, name: str) -> Sequence[Any]:
        """A column as Python values, before any conversion to one type."""
        place = self.columns.schema.names.index(name)
        return self.columns.column(place).to_pylist() if self.cells is None else self.cells[place]


class Table(Protocol):
    """A file of rows. Iterating over it gives a :class:`Batch` of up to ``BATCH_ROWS`` rows at a time, in order.

    Attributes:
        name: the parameter and the path, for messages: ``input=reviews.csv``.
        suffix: one of ``SUFFIXES``.
        text_column: the column that holds the texts.
        schema: ``pyarrow.Schema`` of the columns.
        total: what ``Batch.done`` is at the end.
        unit: the unit of ``total``: B or rows.
        numbered: what ``Problem.number`` counts: line or row.
        hint: how to fix a file that has a problem.
    """

    name: str
    suffix: str
    text_column: str
    schema: pa.Schema
    total: int
    unit: str
    numbered: str
    hint: str

    def __iter__(self) -> Iterator[Batch]: ...


def open_table(parameter: str, path: Path, text_column: str, *other_columns: str) -> Table:
    """Open a file of rows.

    Args:
        parameter: name of the parameter that holds the path, for messages.
        path: of the file.
        text_column: the column with the texts, which has to be there.
        other_columns: other columns with strings that are used; they need not be there.

    Raises:
        UserError: there is no such file, it is empty, of an unknown kind, or has no text column.
    """
    name, suffix = f"{parameter}={path}", suffix_of(parameter, path)
    if not path.is_file():
        beside = [file.name for file in path.parent.glob("*")] if path.parent.is_dir() else []
        close = difflib.get_close_matches(path.name, beside, n=1, cutoff=0.75)
        raise UserError(f"{name}: there is no such file{f', did you mean {path.parent / close[0]}?' if close else ''}")
    if path.stat().st_size == 0:
        raise UserError(f"{name} is empty: expected a column {text_column!r} and a row for each text")
    table: Table
    if suffix == ".parquet":
        from sentiment.corpora.tables.parquet import ParquetTable

        table = ParquetTable(name, path, text_column, *other_columns)
    elif suffix == ".jsonl":
        from sentiment.corpora.tables.json_lines import JsonLinesTable

        table = JsonLinesTable(name, path, text_column)
    else:
        from sentiment.corpora.tables.delimited import DelimitedTable

        table = DelimitedTable(name, path, text_column)
    require_column(table, "text_column", text_column)
    return table


def require_column(table: Table, parameter: str, column: str) -> None:
    """Raise UserError where a table has no such column, or several."""
    names = table.schema.names
    if column not in names:
        looks = None
        if table.suffix in SEPARATORS:
            looks = describe_header(table.name.partition("=")[2], names, SEPARATORS[table.suffix], table.text_column)
        if looks:
            raise UserError(f"{table.name} has no column {column!r}: {looks}")
        raise UserError(
            f"{table.name} has no column {column!r}: it has {', '.join(names) or 'none'}; "
            f"name the right one with -P {parameter}="
        )
    if names.count(column) > 1:
        raise UserError(f"{table.name} has two columns {column}: give each a name of its own")


def problem_error(table: Table, problem: Problem) -> UserError:
    """The error for a file that is only used as a whole."""
    if problem.what == NOT_UTF8:
        return UserError(f"{table.name} is not UTF-8 ({table.numbered} {problem.number}): convert it to UTF-8")
    return UserError(
        f"{table.name} cannot be read as {table.suffix}: {table.numbered} {problem.number} {problem.what}; {table.hint}"
    )


def suffix_of(parameter: str, path: Path) -> str:
    """The suffix of a path in lower case; UserError where it is none of ``SUFFIXES``."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UserError(
            f"{parameter}={path}: expected a file that ends in {', '.join(SUFFIXES)}{describe_suffix(path)}"
        )
    return suffix
