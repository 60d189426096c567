"""The texts, labels, slices and splits of a table in which every row must be readable."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.labels import as_text
from sentiment.corpora.sources import Document
from sentiment.corpora.tables import NOT_UTF8, Batch, Problem, Table, problem_error, require_column
from sentiment.corpora.tables.arrow import STRINGS, is_any
from sentiment.corpora.tables.progress import follow
from sentiment.errors import UserError

BAR_AFTER = 3.0  # seconds
NESTED = (list, tuple, dict)  # nested values in JSON or a database
SCHEMA = pa.schema([(name, pa.string()) for name in Document._fields])


def read_labelled(table: Table, corpus: Corpus) -> Iterator[pa.RecordBatch]:
    """Read the texts, the labels, the slices and the splits of a table.

    Args:
        table: the table.
        corpus: which of its columns are used; it need not have those with the slices and splits.

    Returns:
        Record batches of ``SCHEMA``, without nulls: surrounding white space is removed, except from texts; missing
        values, and texts that are not strings, such as a number in JSON, are empty strings. Ids are row numbers, from
        0; for a table in several parts each row's part and its number there.

    Raises:
        UserError: the table lacks a column; during iteration: it has no rows, or one with a problem, or with a list or
            an object instead of a string.
    """
    names = table.schema.names
    require_column(table, "text_column", corpus.text_column)
    _require_type(table, "texts", "text_column", corpus.text_column, _may_be_text)
    if corpus.label_required or corpus.label_column in names:
        otherwise = ", or have the texts labelled, -P label_by=vader" if corpus.parameter == "corpus" else ""
        require_column(table, "label_column", corpus.label_column, otherwise)
        _require_type(table, "class names", "label_column", corpus.label_column, _may_be_label)
    for parameter, column in (("slice_column", corpus.slice_column), ("split_column", corpus.split_column)):
        if column and column in names:
            require_column(table, parameter, column)
    return _read(table, corpus)


def _read(table: Table, corpus: Corpus) -> Iterator[pa.RecordBatch]:
    part, number, found = "", 0, False
    for batch in follow(table, "read", BAR_AFTER):
        if batch.part != part:
            part, number = batch.part, 0
        kept: Sequence[int] = range(batch.columns.num_rows)
        if batch.problems:
            blank = {place for place in batch.problems if _is_blank(batch, place)}
            for place, problem in batch.problems.items():
                if place not in blank:
                    raise problem_error(table, problem, part)
            kept = [place for place in kept if place not in blank]
        columns = [[f"{part}:{row}" if part else str(row) for row in range(number, number + len(kept))]]
        for name in (corpus.text_column, corpus.label_column, corpus.slice_column, corpus.split_column):
            values = batch.values(name) if name and name in batch.columns.schema.names else None
            if values is None:
                columns.append([""] * len(kept))
                continue
            nested = next((row for row, place in enumerate(kept) if isinstance(values[place], NESTED)), None)
            if nested is not None:
                where = f"{table.name}: {part}" if part else table.name
                raise UserError(
                    f"{where}: the column {name} holds a {type(values[kept[nested]]).__name__} in row "
                    f"{number + nested + 1}, expected a string: convert it, or name another column"
                )
            broken = next((row for row, place in enumerate(kept) if _is_broken(values[place])), None)
            if broken is not None:
                raise problem_error(table, Problem(number + broken + 1, NOT_UTF8), part)
            if name == corpus.text_column:  # a number is not a text, as in predict and requests to a served model
                columns.append([values[place] if isinstance(values[place], str) else "" for place in kept])
            else:
                columns.append([as_text(values[place]) for place in kept])
        columns[2:] = [[value.strip() for value in values] for values in columns[2:]]
        number += len(kept)
        found = found or bool(len(kept))
        yield pa.RecordBatch.from_arrays([pa.array(values, pa.string()) for values in columns], schema=SCHEMA)
    if not found:
        columns_of = f"the columns {corpus.text_column} and {corpus.label_column}"
        expected = columns_of if corpus.label_required else f"the column {corpus.text_column}"
        raise UserError(f"{table.name} has no rows: expected {expected} and a row for each text")


def _require_type(table: Table, what: str, parameter: str, column: str, fits: Callable[[pa.DataType], bool]) -> None:
    kind = table.schema.field(column).type
    if not fits(kind):
        raise UserError(
            f"{table.name}: the column {column} holds {kind}, expected {what}: name another with -P {parameter}=, or "
            "convert it"
        )


def _may_be_text(kind: pa.DataType) -> bool:
    return is_any(kind, (*STRINGS, pa.types.is_null))


def _may_be_label(kind: pa.DataType) -> bool:
    """Whether a type is strings, or has few values, each spelled one way: numbers, booleans."""
    few = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean)
    return _may_be_text(kind) or any(test(kind) for test in few)


def _is_broken(value: Any) -> bool:
    """Whether a value is bytes that are not UTF-8."""
    return isinstance(value, bytes) and value.decode("utf-8", "ignore").encode("utf-8") != value


def _is_blank(batch: Batch, place: int) -> bool:
    """Whether a row comes from a line with only white space."""
    if batch.cells is None:
        return False
    first, *others = (column[place] for column in batch.cells)
    return isinstance(first, str) and not first.strip() and all(cell is None for cell in others)
