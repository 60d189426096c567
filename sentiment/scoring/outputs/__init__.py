"""Outputs for scored rows, one module per kind. A new kind is its module and its name in :func:`get_output`."""

from types import TracebackType
from typing import Protocol, Self

import pyarrow as pa

from sentiment.corpora.corpus import Corpus
from sentiment.errors import UserError


class Output(Protocol):
    """An output that is open for the length of a ``with`` block.

    All rows appear at the end of the block, or none if an error ends it.
    """

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def write(self, rows: pa.RecordBatch) -> None:
        """Add rows."""


class OutputKind(Protocol):
    """The interface of an output's module.

    Attributes:
        EXPECTED: what the address may be, as a noun phrase for the error message about an unknown one.
    """

    EXPECTED: str

    def matches(self, address: str) -> bool:
        """Whether the address is of this kind, by its form."""

    def check(self, address: str, source: Corpus, overwrite: bool) -> None:
        """Raise UserError if the output cannot, or must not, be written; before anything is scored.

        Args:
            address: that matches.
            source: what is scored, which must not be written to.
            overwrite: whether an existing output is replaced.
        """

    def open_output(self, address: str, schema: pa.Schema) -> Output:
        """An output for rows of this schema.

        Raises:
            UserError: it cannot be written; also when rows are written, and at the end.
        """

    def location(self, address: str) -> str:
        """The full path or URI, without credentials, for the run."""


def get_output(address: str) -> OutputKind:
    """The kind of an output; UserError if none matches the address."""
    from sentiment.scoring.outputs import delta, files, iceberg, sql

    outputs: tuple[OutputKind, ...] = (sql, iceberg, delta, files)
    kind = next((kind for kind in outputs if kind.matches(address)), None)
    if kind is None:
        raise UserError(f"output={address}: expected {', '.join(kind.EXPECTED for kind in reversed(outputs))}")
    return kind
