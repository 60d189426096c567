"""A corpus in one file, with a column of texts, a column of labels and, optionally, one of slices."""

from pathlib import Path

from sentiment.corpora.sources import Document
from sentiment.corpora.tables import SUFFIXES
from sentiment.corpora.tables.labelled import read_labelled
from sentiment.digests import file_digest

EXPECTED = f"a path that ends in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"


def matches(corpus: str) -> bool:
    return Path(corpus).suffix.lower() in SUFFIXES


def read(corpus: str, text_column: str, label_column: str, slice_column: str = "slice") -> tuple[list[Document], str]:
    """Read a file; ids are row numbers, from 0. What is missing is the empty string, and so is a missing slice column.

    Raises:
        UserError: there is no such file, or it cannot be read as a whole.
    """
    path = Path(corpus)
    columns = read_labelled("corpus", path, text_column, label_column, slice_column, label_required=True)
    documents = [Document(str(row), *values) for row, values in enumerate(zip(*columns))]
    return documents, str(path.resolve())


def digest(corpus: str) -> str | None:
    path = Path(corpus)
    return file_digest(path) if path.is_file() else None
