"""A corpus in one file: .csv, .tsv, .jsonl or .parquet, UTF-8, with a text column and a label column."""

import pandas as pd
import pyarrow

from sentiment.errors import UserError


def _delimited(separator):
    def read(path):
        # Everything as it is written: "NA" and "null" are words of a review, not missing values.
        return pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig")

    return read


READERS = {
    ".csv": _delimited(","),
    ".tsv": _delimited("\t"),
    ".jsonl": lambda path: pd.read_json(path, lines=True, dtype=False, encoding="utf-8-sig"),
    ".parquet": pd.read_parquet,
}


def read(path, text_column, label_column):
    """Read a file into the columns id (the row's number, from 0), text and label, all strings.

    A missing text or label becomes the empty string.

    Raises:
        UserError: no such file, not readable as its kind, not UTF-8, empty, or without one of the columns.
    """
    table = read_table(path, f"the columns {text_column} and {label_column} and a row a document")
    for parameter, column in (("text_column", text_column), ("label_column", label_column)):
        if column not in table.columns:
            raise UserError(
                f"{path} has no column {column!r}: it has {', '.join(map(str, table.columns))}; "
                f"name the right one with -P {parameter}="
            )
    return pd.DataFrame(
        {
            "id": [str(row) for row in range(len(table))],
            "text": [as_text(value) for value in table[text_column]],
            "label": [as_text(value).strip() for value in table[label_column]],
        }
    )


def read_table(path, expected):
    """Read a file into the columns that it has; ``expected`` says what it should hold, in words.

    Raises:
        UserError: no such file, not readable as its kind, not UTF-8, or empty.
    """
    if not path.is_file():
        raise UserError(f"there is no file {path}: give the path of a {path.suffix} file")
    if path.stat().st_size == 0:
        raise UserError(f"{path} is empty: expected {expected}")
    try:
        table = READERS[path.suffix.lower()](path)
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 ({error.reason} at byte {error.start}): convert it to UTF-8") from error
    except (ValueError, pyarrow.ArrowException) as error:  # pandas's own parse errors are ValueErrors
        raise UserError(f"{path} cannot be read as {path.suffix}: {error}") from error
    if table.empty:
        raise UserError(f"{path} has no rows: expected {expected}")
    return table


def as_text(value):
    """A cell as a string: nothing for a missing value, and 1 rather than 1.0 for whole numbers."""
    if isinstance(value, str):
        return value
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
