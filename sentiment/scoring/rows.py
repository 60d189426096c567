"""The rows of a table: which have a text to score, why others have none, and counts of the results."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.labels import as_text, match_labels
from sentiment.corpora.tables import Batch, FoundTable, Table, require_column
from sentiment.corpora.tables.kinds import open_table
from sentiment.errors import UserError

SHOWN = 200  # characters of a reason


@dataclass
class Totals:
    """Counts of a table's rows.

    Args:
        version: the model that scored them, in words.
        classes: its class names, which labels are compared with as monitoring does (:func:`match_labels`).
        by_label: the number of rows by predicted label; None: not scored.
        reason: why the first unscored row was not scored.
        labelled: the number of scored rows that have a label of their own.
        correct: how many of these labels the model predicts.
        known: how many of these rows' texts the model was trained on.
    """

    version: str
    classes: Sequence[str] = ()
    by_label: Counter[str | None] = field(default_factory=Counter)
    reason: str | None = None
    labelled: int = 0
    correct: int = 0
    known: int = 0

    @property
    def rows(self) -> int:
        return sum(self.by_label.values())

    def add(self, predicted: Sequence[str | None], reasons: Sequence[str | None], own: Sequence[Any]) -> None:
        """Count some rows.

        Args:
            predicted: their predicted labels; None if a row was not scored.
            reasons: why not; None if it was scored.
            own: their own labels, of any type; empty if the table has none.
        """
        if self.reason is None:
            numbered = enumerate(reasons, start=self.rows + 1)
            self.reason = next((f"{reason} (row {row})" for row, reason in numbered if reason), None)
        self.by_label.update(predicted)
        theirs = match_labels([as_text(value).strip() for value in own], self.classes)
        pairs = [(label, value) for label, value in zip(predicted, theirs) if label is not None]
        self.labelled += sum(value != "" for _, value in pairs)
        self.correct += sum(label == value for label, value in pairs)


def open_input(source: Corpus, found: FoundTable | None = None) -> Table:
    """Open the table that is to be scored, as it has been ``found``.

    Raises:
        UserError: it cannot be read, lacks the text column or a required label column, or has two columns of one name.
    """
    table = open_table(source, found)
    if source.label_required:
        require_column(table, "label_column", source.label_column)
    names = table.schema.names
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise UserError(f"{table.name} has two columns {', '.join(doubled)}: give each a name of its own")
    return table


def texts_to_score(table: Table, batch: Batch) -> tuple[list[str | None], list[str | None]]:
    """The texts of a batch, None if a row has none to score, and the reasons why, None where it has one."""
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
