"""The kinds of tables that ``corpus=``, ``input=`` and ``batch=`` read. A new kind is its module and its line here."""

from pathlib import Path

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.hints import describe_suffix
from sentiment.corpora.tables import (
    FoundTable,
    Table,
    TableKind,
    delta,
    files,
    hub,
    iceberg,
    require_column,
    sql,
)
from sentiment.digests import Digest
from sentiment.errors import UserError

# The first one that matches opens the table.
KINDS: tuple[TableKind, ...] = (sql, hub, iceberg, delta, files)
EXPECTED = ", ".join(kind.EXPECTED for kind in reversed(KINDS))  # the most common first


def find_kind(corpus: Corpus) -> TableKind | None:
    """The kind of table at an address; None if there is none."""
    return next((kind for kind in KINDS if kind.matches(corpus)), None)


def get_kind(corpus: Corpus) -> TableKind:
    """The kind of table at an address; UserError if there is none."""
    kind = find_kind(corpus)
    if kind is None:
        looks = describe_suffix(Path(corpus.address))
        raise UserError(f"{corpus.name}: expected {files.EXPECTED if looks else EXPECTED}{looks}")
    return kind


def open_table(corpus: Corpus, found: FoundTable | None = None) -> Table:
    """Open a table, after finding it unless it has been ``found``.

    Raises:
        UserError: there is none, it is empty, cannot be read, or has no text column.
    """
    table = (found or get_kind(corpus).find(corpus)).open()
    require_column(table, "text_column", corpus.text_column)
    return table


def table_digest(corpus: Corpus) -> Digest | None:
    """Digest of a table's content, or None if there is none, or it cannot be computed."""
    kind = find_kind(corpus)
    try:
        return kind.find(corpus).digest() if kind else None
    except UserError:  # reading it says why
        return None
