"""Iceberg tables: ``iceberg://catalog/namespace.table``, in a catalog of PyIceberg's configuration."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.tables import Table
from sentiment.digests import Digest
from sentiment.errors import UserError, first_line, optional_package

if TYPE_CHECKING:
    from mlflow.data.dataset_source import DatasetSource

PREFIX = "iceberg://"
EXPECTED = "an Iceberg table, iceberg://catalog/namespace.table"


def matches(corpus: Corpus) -> bool:
    return corpus.address.startswith(PREFIX)


def find(corpus: Corpus) -> IcebergSnapshot:
    return IcebergSnapshot(corpus)


class IcebergSnapshot:
    """A :class:`sentiment.corpora.tables.FoundTable`: the latest snapshot of an Iceberg table when it was found."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._table = load_table(corpus.name, corpus.address)  # its metadata stay unchanged
        self._snapshot = self._table.metadata.current_snapshot_id
        self.location = f"{corpus.address}, snapshot {self._snapshot}"

    def open(self) -> Table:
        from sentiment.corpora.tables.arrow import ArrowTable

        scan = self._table.scan()
        schema = scan.projection().as_arrow()
        return ArrowTable(
            self._corpus, schema, None, lambda: (("", batch) for batch in scan.to_arrow_batch_reader()), ValueError
        )

    def digest(self) -> Digest:
        metadata = self._table.metadata  # renaming a column creates a schema, but no snapshot
        return Digest(f"{metadata.table_uuid} {metadata.current_schema_id} {self._snapshot}", "snapshot")

    def dataset_source(self) -> DatasetSource:
        """The location and the snapshot as code: MLflow has no kind of source for Iceberg."""
        from mlflow.data.code_dataset_source import CodeDatasetSource

        return CodeDatasetSource({"iceberg": self._table.metadata.location, "snapshot": str(self._snapshot)})


def load_table(name: str, address: str) -> Any:
    """A ``pyiceberg.table.Table``, at its latest snapshot.

    Raises:
        UserError: there is no such catalog or table, it cannot be reached, or pyiceberg is not installed.
    """
    with explained(name, address, "read"):
        catalog, identifier = open_catalog(name, address)
        return catalog.load_table(identifier)


def open_catalog(name: str, address: str) -> tuple[Any, str]:
    """The ``pyiceberg.catalog.Catalog`` of an address, and the table's name there; to be called in :func:`explained`.

    Raises:
        UserError: the address does not have both, or pyiceberg is not installed.
    """
    with optional_package(name, "pyiceberg", "requirements-tables.txt"):
        from pyiceberg.catalog import load_catalog
    catalog, identifier = _names(address)
    if not catalog or "." not in identifier:
        raise UserError(f"{name}: expected {EXPECTED}")
    return load_catalog(catalog), identifier


@contextmanager
def explained(name: str, address: str, done: str) -> Iterator[None]:
    """Turn failures in the block into a UserError; ``done`` is what is done to the table, such as read."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # PyIceberg's errors share no class, and each kind of catalog adds its client's
        catalog, _ = _names(address)
        raise UserError(
            f"{name} cannot be {done} as an Iceberg table: {first_line(error)}; the catalog {catalog} is set up "
            f"in ~/.pyiceberg.yaml or by PYICEBERG_CATALOG__{catalog.upper()}__URI"
        ) from error


def _names(address: str) -> tuple[str, str]:
    """The names of a catalog and of a table in it."""
    catalog, _, identifier = address.removeprefix(PREFIX).partition("/")
    return catalog, identifier
