"""CSV and TSV files. All columns are strings as they are written: "NA" and "null" are words, not missing values."""

import csv
import io
import re
from collections.abc import Iterator
from itertools import islice
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
        self.hint = (
            f"fix it: a row needs one field per column; quote fields that contain a {separator}, and double each quote "
            "inside a quoted field"
        )
        self.total = file.size
        self._file = file
        with Content(file) as content:
            number, header, _ = next(self._rows(_as_text_file(content)), (1, [], None))
        if any(field != _replace_invalid(field) for field in header):
            raise problem_error(self, Problem(number, NOT_UTF8))
        if header.count("") > 1:  # from the commas that spreadsheets write for empty columns
            header = [field or f"column_{place}" for place, field in enumerate(header, start=1)]
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
                    for place, (number, fields, misquoted) in enumerate(found)
                    if (what := misquoted or _problem(fields, width))
                }
                rows_of_width = [
                    _repair(fields, width) if place in problems else fields
                    for place, (_, fields, _) in enumerate(found)
                ]
                cells = list(zip(*rows_of_width))
                arrays = [pa.array(column, pa.string()) for column in cells]
                columns = pa.RecordBatch.from_arrays(arrays, schema=self.schema)
                yield Batch(columns, content.consumed(), problems, cells)

    def _rows(self, text: io.TextIOWrapper) -> Iterator[tuple[int, list[str], str | None]]:
        """The number of each row's first line, its fields, and what is wrong with its quotes; without empty lines."""
        lines: list[str] = []  # of the row
        ended = False

        def follow() -> Iterator[str]:
            nonlocal ended
            for line in text:
                lines.append(line)
                yield line
            ended = True

        csv.field_size_limit(LONGEST_FIELD)
        separator = SEPARATORS[self.suffix]
        reader = csv.reader(follow(), delimiter=separator)
        number, width = 1, 0
        try:
            for fields in reader:
                if fields:
                    misquoted = None
                    if ended:  # the row that came at the end of the file is still inside quotes
                        misquoted = "has a quote that is never closed"
                    elif len(lines) > 1 or '\\"' in lines[0]:
                        misquoted = _find_misquoting(lines, number, separator, width)
                    width = width or len(fields)
                    yield number, fields, misquoted
                number = reader.line_num + 1
                lines.clear()
        except csv.Error as error:
            raise UserError(
                f"{self.name} cannot be read from line {reader.line_num} on ({error}): "
                "is a closing quote missing before it?"
            ) from error


def _find_misquoting(lines: list[str], number: int, separator: str, width: int) -> str | None:
    """Describe a quoting error in a row that starts at line ``number``; None if there is none.

    A text that begins with a quote and has no closing one may swallow other rows: up to a quote in the middle of a
    later line, or up to a text that ends with one. In a CSV file that proves nothing, since texts contain commas.
    Python reads what follows the closing quote as part of the field, which is right within a line without escaped
    quotes. Blanks there are allowed.
    """
    strict = csv.reader((re.sub(r'" +(?=[,\t\r\n]|$)', '"', line) for line in lines), delimiter=separator, strict=True)
    try:
        next(strict)
    except csv.Error:
        if any('\\"' in line for line in lines):
            return (
                "has a quote that a backslash escapes: write the file again with doubled quotes, in pandas without "
                "escapechar=, in Spark with escape='\"'"
            )
        if strict.line_num > 1:
            return f"has a quoted field that ends in the middle of line {number + strict.line_num - 1}"
    if separator == "\t" and len(lines) > 1 and all(line.count("\t") == width - 1 > 0 for line in lines):
        return f"has a quoted field that goes on to line {number + len(lines) - 1}, through lines that look like rows"
    return None


def _as_text_file(file: BinaryIO) -> io.TextIOWrapper:
    # Bytes that are not UTF-8 become lone surrogates, and are found with the row that holds them.
    return io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")


def _problem(fields: list[str], width: int) -> str | None:
    if len(fields) != width:
        more = f"; the surplus is {', '.join(fields[width:])[:SHOWN]}" if len(fields) > width else ""
        count = f"{len(fields)} field{'s' if len(fields) > 1 else ''}"
        return _replace_invalid(f"has {count}, the header has {width}{more}")
    if any(not cell.isascii() and cell != _replace_invalid(cell) for cell in fields):
        return NOT_UTF8
    return None


def _repair(fields: list[str], width: int) -> list[str | None]:
    """Repaired fields: cut or filled up to the width, in valid UTF-8."""
    valid: list[str | None] = [_replace_invalid(cell) for cell in fields[:width]]
    return valid + [None] * (width - len(valid))


def _replace_invalid(cell: str) -> str:
    """A cell with replacement characters for bytes that were not UTF-8."""
    return cell if cell.isascii() else cell.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
