"""A corpus in one file, with a column of texts and a column of labels."""

from pathlib import Path

from sentiment.corpora.sources import Document
from sentiment.corpora.tables import SUFFIXES
from sentiment.corpora.tables.labelled import read_labelled
from sentiment.digests import file_digest

EXPECTED = f"a path that ends in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"


def matches(corpus: str) -> bool:
    return Path(corpus).suffix.lower() in SUFFIXES


def read(corpus: str, text_column: str, label_column: str) -> tuple[list[Document], str]:
    """Read a file; ids are row numbers, from 0. A missing text or label is the empty string.

    Raises:
        UserError: there is no such file, or it cannot be read as a whole.
    """
    path = Path(corpus)
    texts, labels = read_labelled("corpus", path, text_column, label_column, label_required=True)
    documents = [Document(str(row), text, label) for row, (text, label) in enumerate(zip(texts, labels))]
    return documents, str(path.resolve())


def digest(corpus: str) -> str | None:
    path = Path(corpus)
    return file_digest(path) if path.is_file() else None
