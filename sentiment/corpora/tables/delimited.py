"""CSV and TSV files. All columns are strings as they are written: "NA" and "null" are words, not missing values."""

import csv
import io
from collections.abc import Iterator
from itertools import chain, islice
from typing import BinaryIO

import pyarrow as pa

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.stores import Content, File, suffix_of
from sentiment.corpora.tables import BATCH_ROWS, NOT_UTF8, SEPARATORS, Batch, Problem, problem_error
from sentiment.errors import UserError

LONGEST_FIELD = 64 * 2**20  # characters; a longer field has lost its closing quote
SHOWN = 200  # characters of surplus fields that a message shows


class DelimitedTable:
    """A :class:`sentiment.corpora.tables.Table` of a CSV or TSV file.

    Raises:
        UserError: the header is not UTF-8.
    """

    unit = "B"
    numbered = "line"

    def __init__(self, corpus: Corpus, file: File) -> None:
        self.name, self.text_column = file.name, corpus.text_column
        self.suffix = suffix_of(file.address)
        separator = "comma" if self.suffix == ".csv" else "tab"
        self.hint = f"fix it: a row needs a field for each column, in quotes where it has a {separator} in it"
        self.total = file.size
        self._file = file
        with Content(file) as content:
            number, header, _ = next(self._rows(_as_text_file(content)), (1, [], False))
        if any(field != _replace_invalid(field) for field in header):
            raise problem_error(self, Problem(number, NOT_UTF8))
        self.schema = pa.schema([(field, pa.string()) for field in header])

    def __iter__(self) -> Iterator[Batch]:
        width = len(self.schema)
        with Content(self._file) as content:
            text = _as_text_file(content)  # closes the file when it is collected, so it is kept here
            rows = self._rows(text)
            next(rows)  # the header
            while found := list(islice(rows, BATCH_ROWS)):
                problems = {
                    place: Problem(number, what)
                    for place, (number, fields, unclosed) in enumerate(found)
                    if (what := _problem(fields, width, unclosed))
                }
                rows_of_width = [
                    _repair(fields, width) if place in problems else fields
                    for place, (_, fields, _) in enumerate(found)
                ]
                cells = list(zip(*rows_of_width))
                arrays = [pa.array(column, pa.string()) for column in cells]
                columns = pa.RecordBatch.from_arrays(arrays, schema=self.schema)
                yield Batch(columns, content.consumed(), problems, cells)

    def _rows(self, text: io.TextIOWrapper) -> Iterator[tuple[int, list[str], bool]]:
        """For each row but empty lines the number of its first line, its fields, and whether a quote is left open."""
        ended = False

        def end() -> Iterator[str]:
            nonlocal ended
            ended = True
            yield from ()

        csv.field_size_limit(LONGEST_FIELD)
        reader = csv.reader(chain(text, end()), delimiter=SEPARATORS[self.suffix])
        number = 1
        try:
            for fields in reader:
                if fields:
                    yield number, fields, ended  # a row that comes after the end was asked for is still inside quotes
                number = reader.line_num + 1
        except csv.Error as error:
            raise UserError(
                f"{self.name} cannot be read from line {reader.line_num} on ({error}): "
                "is a closing quote missing before it?"
            ) from error


def _as_text_file(file: BinaryIO) -> io.TextIOWrapper:
    # Bytes that are not UTF-8 come through as lone surrogates, and are found with the row that holds them.
    return io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")


def _problem(fields: list[str], width: int, unclosed: bool) -> str | None:
    if unclosed:
        return "has a quote that is never closed"
    if len(fields) != width:
        more = f"; the surplus is {', '.join(fields[width:])[:SHOWN]}" if len(fields) > width else ""
        count = f"{len(fields)} field{'s' if len(fields) > 1 else ''}"
        return _replace_invalid(f"has {count}, the header has {width}{more}")
    if any(not cell.isascii() and cell != _replace_invalid(cell) for cell in fields):
        return NOT_UTF8
    return None


def _repair(fields: list[str], width: int) -> list[str | None]:
    """Fields without what is wrong with them: cut or filled up to the width, in valid UTF-8."""
    valid: list[str | None] = [_replace_invalid(cell) for cell in fields[:width]]
    return valid + [None] * (width - len(valid))


def _replace_invalid(cell: str) -> str:
    """A cell with the replacement character where its bytes were not UTF-8."""
    return cell if cell.isascii() else cell.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
