"""JSON lines: a JSON object on each line, with a key for each column."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pyarrow as pa

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.hints import describe_json_array
from sentiment.corpora.stores import Content, File
from sentiment.corpora.tables import BATCH_ROWS, NOT_UTF8, Batch, Problem, problem_error

TYPES = {
    frozenset(): pa.null(),  # fits any type in another file
    frozenset({"string"}): pa.string(),
    frozenset({"boolean"}): pa.bool_(),
    frozenset({"integer"}): pa.int64(),
    frozenset({"long integer"}): pa.int64(),
    frozenset({"integer", "long integer"}): pa.int64(),
    frozenset({"number"}): pa.float64(),
    frozenset({"number", "integer"}): pa.float64(),
}
EXACT = 2**53  # up to here every integer is a float64


class JsonLinesTable:
    """A :class:`sentiment.corpora.tables.Table` of a file of JSON lines.

    A key whose values have several types, or are nested, becomes a string column of JSON. A line with a problem is
    kept as a whole in the text column.

    Raises:
        UserError: no line is a JSON object.
    """

    unit = "B"
    suffix = ".jsonl"
    numbered = "line"
    hint = "expected a JSON object on each line"

    def __init__(self, corpus: Corpus, file: File) -> None:
        self.name, self.text_column = file.name, corpus.text_column
        self.total = file.size
        self._file = file
        kinds = self._kinds()
        types = {column: TYPES.get(frozenset(found)) for column, found in kinds.items()}
        self._as_json = {column for column, kind in types.items() if kind is None}
        self.schema = pa.schema([(column, kind or pa.string()) for column, kind in types.items()])

    def __iter__(self) -> Iterator[Batch]:
        names = self.schema.names
        with Content(self._file) as content:
            lines = ((number, line) for number, line in enumerate(content, start=1) if line.strip())
            while found := list(islice(lines, BATCH_ROWS)):
                rows, problems = [], {}
                for place, (number, line) in enumerate(found):
                    values, what = _parse(line)
                    if what:
                        problems[place] = Problem(number, what)
                        values = {self.text_column: line.decode("utf-8", "replace").rstrip("\r\n")}
                    rows.append([values.get(name) for name in names])
                cells = list(zip(*rows))
                arrays = [
                    pa.array(map(_to_json, column) if field.name in self._as_json else column, field.type)
                    for column, field in zip(cells, self.schema)
                ]
                columns = pa.RecordBatch.from_arrays(arrays, schema=self.schema)
                yield Batch(columns, content.consumed(), problems, cells)

    def _kinds(self) -> dict[str, set[str]]:
        """The kinds of values of each key, in the order of the keys' first occurrence."""
        kinds: dict[str, set[str]] = {}
        first = None
        with Content(self._file) as content:
            for number, line in enumerate(content, start=1):
                if number == 1 and line.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"["):
                    self.hint = describe_json_array(self._file.address)
                values, what = _parse(line) if line.strip() else ({}, None)
                if what:
                    first = first or Problem(number, what)
                for name, value in values.items():
                    kinds.setdefault(name, set()).update([] if value is None else [_kind(value)])
        if first and not kinds:
            raise problem_error(self, first)
        if first and self.text_column in kinds:
            kinds[self.text_column].add("string")  # for the lines that are kept there
        return kinds


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, float):
        return "number"
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return "integer" if -EXACT <= value <= EXACT else "long integer"
    return "json"  # nested, or an integer of more than 64 bits


def _parse(line: bytes) -> tuple[dict[str, Any], str | None]:
    """The JSON object of a line and None, or an empty one and what is wrong with it."""
    try:
        values = json.loads(line.decode("utf-8-sig"))
        if b"\\u" in line:  # an escape can be half a surrogate pair
            json.dumps(values, ensure_ascii=False).encode("utf-8")
    except UnicodeError:
        return {}, NOT_UTF8
    except (ValueError, RecursionError) as error:
        return {}, f"is not JSON: {error}"
    return (values, None) if isinstance(values, dict) else ({}, "is not a JSON object")


def _to_json(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
