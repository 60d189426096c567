"""Where a corpus can come from: one module a source, listed in :mod:`sentiment.corpora.reading`.

The modules are imported by ``main``, which starts without pandas and pyarrow: they import these where they use them.
"""

from typing import NamedTuple, Protocol


class Document(NamedTuple):
    """One document of a corpus.

    Args:
        id: what the source calls it: a row number, a path, a key.
        text: its text; empty where it has none.
        label: its class name; empty where it has none.
        slice: the slice of the comparison that it belongs to; empty where it belongs to none.
    """

    id: str
    text: str
    label: str
    slice: str = ""


class CorpusSource(Protocol):
    """What a source module has.

    Attributes:
        EXPECTED: what ``corpus`` may be, as a noun phrase for the error message about an unknown corpus.
    """

    EXPECTED: str

    def matches(self, corpus: str) -> bool:
        """Whether this source reads ``corpus``, whether or not it exists."""

    def read(self, corpus: str, text_column: str, label_column: str) -> tuple[list[Document], str]:
        """The documents in the corpus's own order, and the path or URI that they were read from.

        Args:
            corpus: a string that matches.
            text_column: column that holds the text, where the source has columns.
            label_column: column that holds the class name, where the source has columns.

        Raises:
            UserError: the corpus does not exist, or cannot be read.
        """

    def digest(self, corpus: str) -> str | None:
        """Digest of the content, taken without parsing it; None where that is not possible, as when it is missing."""
