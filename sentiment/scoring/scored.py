"""Rows with the columns of scoring."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

ADDED = ("label", "score", "reason")
PREFIX = "input_"  # of an input column with the name of an added one


class ScoredRows:
    """The columns of scored rows: their own, then those that scoring adds.

    Args:
        schema: ``pyarrow.Schema`` of the rows' own columns.
        added: names of the columns that scoring adds; label and reason are strings, all others are numbers.

    Attributes:
        schema: ``pyarrow.Schema`` of all columns; one without any value is a string.
        renamed: dict from the columns that have another name in the output to that name.
    """

    def __init__(self, schema: pa.Schema, added: Sequence[str] = ADDED) -> None:
        names = output_names(schema.names, added)
        self.renamed = {before: now for before, now in zip(schema.names, names) if before != now}
        fields = [
            pa.field(name, pa.string()) if pa.types.is_null(field.type) else field.with_name(name).remove_metadata()
            for field, name in zip(schema, names)
        ]
        kinds = {"label": pa.string(), "reason": pa.string()}
        self._added = [pa.field(name, kinds.get(name, pa.float64())) for name in added]
        self.schema = pa.schema([*fields, *self._added])

    def join(self, columns: pa.RecordBatch, scored: Sequence[list[Any]]) -> pa.RecordBatch:
        """Rows of their own columns and the values of the added ones, with None if there is no value."""
        added = [pa.array(values, field.type) for values, field in zip(scored, self._added, strict=True)]
        own = [
            column.cast(field.type) if pa.types.is_null(column.type) else column
            for column, field in zip(columns.columns, self.schema)
        ]
        return pa.RecordBatch.from_arrays([*own, *added], schema=self.schema)


def output_names(names: list[str], added: Sequence[str] = ADDED) -> list[str]:
    """The names of the input's columns in the output: those that scoring adds are renamed.

    *Label* and *label* are one name to most databases and to Spark, so they are here.
    """
    ours = {name.lower() for name in added}
    taken = {name.lower() for name in names} | ours
    found = []
    for name in names:
        free = name
        if name.lower() in ours:
            while free.lower() in taken:
                free = PREFIX + free
            taken.add(free.lower())
        found.append(free)
    return found
