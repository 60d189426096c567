"""Iceberg tables: ``iceberg://catalog/namespace.table``, of a catalog that PyIceberg is configured for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.tables import Table
from sentiment.digests import Digest
from sentiment.errors import UserError, first_line

if TYPE_CHECKING:
    from mlflow.data.dataset_source import DatasetSource

PREFIX = "iceberg://"
EXPECTED = "an Iceberg table, iceberg://catalog/namespace.table"


def matches(corpus: Corpus) -> bool:
    return corpus.address.startswith(PREFIX)


def open_table(corpus: Corpus) -> Table:
    table = load_table(corpus.name, corpus.address)

    from sentiment.corpora.tables.arrow import ArrowTable

    scan = table.scan()
    schema = scan.projection().as_arrow()
    return ArrowTable(corpus, schema, None, lambda: (("", batch) for batch in scan.to_arrow_batch_reader()), ValueError)


def digest(corpus: Corpus) -> Digest | None:
    table = load_table(corpus.name, corpus.address)
    return Digest(f"{table.metadata.table_uuid} {table.metadata.current_snapshot_id}", "snapshot")


def location(corpus: Corpus) -> str:
    snapshot = load_table(corpus.name, corpus.address).metadata.current_snapshot_id
    return f"{corpus.address}, snapshot {snapshot}"


def dataset_source(corpus: Corpus) -> DatasetSource:
    """MLflow has no kind of its own for Iceberg: the address and the snapshot say what was read."""
    from mlflow.data.code_dataset_source import CodeDatasetSource

    metadata = load_table(corpus.name, corpus.address).metadata
    return CodeDatasetSource({"iceberg": metadata.location, "snapshot": str(metadata.current_snapshot_id)})


def load_table(name: str, address: str) -> Any:
    """A ``pyiceberg.table.Table``, at its latest snapshot.

    Raises:
        UserError: there is no such catalog or table, it cannot be reached, or pyiceberg is not installed.
    """
    try:
        from pyiceberg.catalog import load_catalog
    except ModuleNotFoundError as error:
        raise UserError(f"{name} needs pyiceberg: pip install -r requirements-tables.txt") from error
    catalog, _, identifier = address.removeprefix(PREFIX).partition("/")
    if not catalog or "." not in identifier:
        raise UserError(f"{name}: expected {EXPECTED}")
    try:
        return load_catalog(catalog).load_table(identifier)
    except Exception as error:  # PyIceberg's errors share no class, and each kind of catalog brings those of its client
        raise UserError(
            f"{name} cannot be read as an Iceberg table: {first_line(error)}; the catalog {catalog} is set up "
            f"in ~/.pyiceberg.yaml or by PYICEBERG_CATALOG__{catalog.upper()}__URI"
        ) from error
