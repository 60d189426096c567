"""Which rows of a file have a text that a model can score, and why the others have none."""

from pathlib import Path
from typing import Any

from sentiment.corpora.tables import Batch, Table, open_table
from sentiment.errors import UserError

SHOWN = 200  # characters of a reason


def open_input(path: Path, text_column: str) -> Table:
    """Open the file that is to be scored.

    Raises:
        UserError: it cannot be read, has no text column, or has two columns of one name.
    """
    table = open_table("input", path, text_column)
    names = table.schema.names
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise UserError(f"{table.name} has two columns {', '.join(doubled)}: give each a name of its own")
    return table


def texts_to_score(table: Table, batch: Batch) -> tuple[list[str | None], list[str | None]]:
    """The texts of a batch, None where a row has none to score, and the reasons why, None where it has one."""
    subject = "line {}" if table.suffix == ".jsonl" else "the row"
    values = batch.values(table.text_column)
    reasons = [_missing(value) for value in values]
    for place, problem in batch.problems.items():
        reasons[place] = f"{subject.format(problem.number)} {problem.what}"
    return [None if reason else value for value, reason in zip(values, reasons)], reasons


def _missing(text: Any) -> str | None:
    if text is None or text == "":
        return "the text is missing"
    if not isinstance(text, str):
        return f"the text is not a string: {text!r}"[:SHOWN]
    return None if text.strip() else "the text is blank"
