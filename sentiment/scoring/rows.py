"""Rows of a file, a batch at a time, broken ones among them: .csv, .tsv, .jsonl and .parquet, in UTF-8."""

import csv
import io
import json
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sentiment.errors import UserError

SEPARATORS = {".csv": ",", ".tsv": "\t"}
KINDS = (*SEPARATORS, ".jsonl", ".parquet")
ROWS = 5_000  # at a time
LONGEST_FIELD = 64 * 2**20  # characters; one that is longer has lost its closing quote
SHOWN = 200  # characters of what a row has too much
TYPES = {
    (str,): pa.string(),
    (bool,): pa.bool_(),
    (int,): pa.int64(),
    (float,): pa.float64(),
    (float, int): pa.float64(),
}


@dataclass
class Batch:
    """Some rows.

    Args:
        columns: ``pyarrow.RecordBatch`` with the columns of the file.
        texts: list of str, None where there is no text to score.
        reasons: list of str, why there is none; None where there is.
        done: bytes of the file, or rows of a Parquet file, that have been read so far.
    """

    columns: pa.RecordBatch
    texts: list
    reasons: list
    done: int


class Rows:
    """The rows of a file.

    Args:
        path: of the file, a Path.
        text_column: name of the column with the text.

    Attributes:
        schema: ``pyarrow.Schema`` of its columns. CSV and TSV have strings alone; a key of JSON lines that has values of
            several kinds, or nested ones, becomes a string of JSON.
        total: what ``Batch.done`` comes to at the end.
        unit: what it counts.

    Raises:
        UserError: there is no such file, it is of no kind that is known, or has no such column.
    """

    def __init__(self, path, text_column):
        self.path = path
        self._text_column = text_column
        self._kind = kind_of("input", path)
        if not path.is_file():
            raise UserError(f"input={path}: there is no such file")
        self.unit, self.total = "B", path.stat().st_size
        if self._kind == ".parquet":
            try:
                self._file = pq.ParquetFile(path)
            except pa.ArrowException as error:
                raise UserError(f"input={path} cannot be read as .parquet: {error}") from error
            self.schema, self.total, self.unit = self._file.schema_arrow, self._file.metadata.num_rows, "rows"
        elif self._kind == ".jsonl":
            self.schema = _keys(path)
        else:
            self.schema = pa.schema([(name, pa.string()) for name in self._header()])
        if text_column not in self.schema.names:
            raise UserError(
                f"input={path} has no column {text_column!r}: it has {', '.join(self.schema.names) or 'none'}; "
                "name the right one with -P text_column="
            )

    def __iter__(self):
        """Batches of up to ``ROWS`` rows, in the order of the file."""
        if self._kind == ".parquet":
            return self._parquet()
        return self._lines() if self._kind == ".jsonl" else self._delimited()

    def _header(self):
        with open(self.path, "rb") as file:
            names = next(self._reader(file), [])
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise UserError(f"input={self.path} has two columns {', '.join(doubled)}: give each a name of its own")
        return names

    def _reader(self, file):
        # What is not UTF-8 comes through as lone surrogates, and is found with the row that it stands in.
        text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
        csv.field_size_limit(LONGEST_FIELD)
        return csv.reader(text, delimiter=SEPARATORS[self._kind])

    def _delimited(self):
        width, place = len(self.schema), self.schema.names.index(self._text_column)
        with open(self.path, "rb") as file:
            reader = self._reader(file)
            next(reader)
            rows = (fields for fields in reader if fields)  # an empty line is no row
            while found := self._some(rows, reader):
                reasons = [_broken(fields, width) or _missing(fields[place]) for fields in found]
                cells = [[_clean(cell) for cell in (fields + [None] * width)[:width]] for fields in found]
                yield self._batch(list(zip(*cells)), place, reasons, file.tell())

    def _some(self, rows, reader):
        try:
            return list(islice(rows, ROWS))
        except csv.Error as error:
            raise UserError(
                f"input={self.path} cannot be read from line {reader.line_num} on ({error}): is a closing quote missing "
                "before it?"
            ) from error

    def _lines(self):
        names, place = self.schema.names, self.schema.names.index(self._text_column)
        as_json = {field.name for field in self.schema if field.metadata}
        with open(self.path, "rb") as file:
            lines = ((number, line) for number, line in enumerate(file, start=1) if line.strip())
            while found := list(islice(lines, ROWS)):
                rows, reasons = [], []
                for number, line in found:
                    values, reason = _object(line, number)
                    if reason:  # the line itself is kept
                        values = {self._text_column: line.decode("utf-8", "replace").rstrip("\r\n")}
                    rows.append([_as_json(values.get(name)) if name in as_json else values.get(name) for name in names])
                    reasons.append(reason or _missing(values.get(self._text_column)))
                yield self._batch(list(zip(*rows)), place, reasons, file.tell())

    def _parquet(self):
        done = 0
        for columns in self._file.iter_batches(batch_size=ROWS):
            done += columns.num_rows
            texts = columns.column(self._text_column).to_pylist()
            reasons = [_missing(text) for text in texts]
            yield Batch(columns, [None if why else text for text, why in zip(texts, reasons)], reasons, done)

    def _batch(self, columns, place, reasons, done):
        arrays = [pa.array(column, field.type) for column, field in zip(columns, self.schema)]
        texts = [None if why else text for text, why in zip(columns[place], reasons)]
        return Batch(pa.RecordBatch.from_arrays(arrays, schema=self.schema), texts, reasons, done)


def kind_of(parameter, path):
    """The kind of a file by the end of its name; UserError where it is none of ``KINDS``."""
    kind = Path(path).suffix.lower()
    if kind not in KINDS:
        raise UserError(f"{parameter}={path}: expected a file that ends in {', '.join(KINDS)}")
    return kind


def _keys(path):
    """The columns of JSON lines, from all of them: a ``pyarrow.Schema``; those that hold JSON have metadata."""
    kinds = {}
    with open(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            values, reason = _object(line, number) if line.strip() else ({}, None)
            for name, value in ({} if reason else values).items():
                small = not isinstance(value, int) or -(2**63) <= value < 2**63
                kinds.setdefault(name, set()).add(type(value) if small else object)
    fields = []
    for name, found in kinds.items():
        kind = TYPES.get(tuple(sorted(found - {type(None)}, key=lambda one: one.__name__)))
        fields.append(pa.field(name, kind or pa.string(), metadata=None if kind else {"holds": "json"}))
    return pa.schema(fields)


def _object(line, number):
    """The JSON object of a line and None, or None and the reason why it is none."""
    try:
        values = json.loads(line.decode("utf-8-sig"))
        if b"\\u" in line:  # JSON can name halves of characters
            json.dumps(values, ensure_ascii=False).encode("utf-8")
    except UnicodeError:
        return None, f"line {number} is not UTF-8"
    except (ValueError, RecursionError) as error:
        return None, f"line {number} is not JSON: {error}"
    return (values, None) if isinstance(values, dict) else (None, f"line {number} is no JSON object")


def _as_json(value):
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _broken(fields, width):
    """Why a row of a delimited file cannot be trusted, or None."""
    if len(fields) != width:
        more = f", after them {', '.join(fields[width:])[:SHOWN]}" if len(fields) > width else ""
        return _clean(f"the row has {len(fields)} fields, the header {width}{more}")
    if any(not cell.isascii() and cell != _clean(cell) for cell in fields):
        return "the row is not UTF-8"
    return None


def _missing(text):
    if text is None or text == "":
        return "the text is missing"
    if not isinstance(text, str):
        return f"the text is no string: {text!r}"[:SHOWN]
    return None if text.strip() else "the text is blank"


def _clean(cell):
    """A cell with the replacement character where bytes were not UTF-8."""
    if cell is None or cell.isascii():
        return cell
    return cell.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
