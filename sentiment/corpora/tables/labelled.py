"""The texts, labels and slices of a file in which every row has to be readable."""

from pathlib import Path
from typing import Any

from sentiment.corpora.tables import Batch, open_table, problem_error, require_column
from sentiment.errors import UserError


def read_labelled(
    parameter: str, path: Path, text_column: str, label_column: str, slice_column: str = "", *, label_required: bool
) -> tuple[list[str], list[str], list[str]]:
    """Read the texts, the labels and the slices of a file.

    Args:
        parameter: name of the parameter that holds the path, for messages.
        path: of a .csv, .tsv, .jsonl or .parquet file.
        text_column: the column with the texts.
        label_column: the column with the labels.
        slice_column: the column with the slices; the file need not have it.
        label_required: whether the file has to have the column with the labels.

    Returns:
        Texts, labels and slices, white space around labels and slices removed; the empty string for what is missing.

    Raises:
        UserError: the file cannot be read, has no rows, lacks a column, or has a row with a problem.
    """
    table = open_table(parameter, path, text_column, label_column, slice_column)
    if label_required or label_column in table.schema.names:
        require_column(table, "label_column", label_column)
    texts: list[str] = []
    labels: list[str] = []
    slices: list[str] = []
    others = [(label_column, labels), (slice_column, slices)]
    for batch in table:
        blank = {place for place in batch.problems if _is_blank(batch, place)}
        for place, problem in batch.problems.items():
            if place not in blank:
                raise problem_error(table, problem)
        found = batch.values(text_column)
        texts += [as_text(value) for place, value in enumerate(found) if place not in blank]
        for column, values in others:
            known = batch.values(column) if column in table.schema.names else [None] * len(found)
            values += [as_text(value).strip() for place, value in enumerate(known) if place not in blank]
    if not texts:
        columns = f"the columns {text_column} and {label_column}" if label_required else f"the column {text_column}"
        raise UserError(f"{table.name} has no rows: expected {columns} and a row for each text")
    return texts, labels, slices


def as_text(value: Any) -> str:
    """A value as a string: empty for a missing one, and 1 rather than 1.0 for whole numbers."""
    if isinstance(value, str):
        return value
    if value is None or value != value:  # NaN
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _is_blank(batch: Batch, place: int) -> bool:
    """Whether a row comes from a line that has nothing but white space."""
    if batch.cells is None:
        return False
    first, *others = (column[place] for column in batch.cells)
    return isinstance(first, str) and not first.strip() and all(cell is None for cell in others)
