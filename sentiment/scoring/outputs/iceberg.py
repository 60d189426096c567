"""Scored rows appended to an Iceberg table, with the id of the run: ``iceberg://catalog/namespace.table``."""

from typing import Any

import pyarrow as pa

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.tables.iceberg import PREFIX, explained, open_catalog
from sentiment.errors import UserError
from sentiment.scoring.outputs import lake
from sentiment.scoring.outputs.appended import AppendedRows, refuse_overwrite

EXPECTED = "an Iceberg table, such as iceberg://catalog/namespace.scored"


def matches(address: str) -> bool:
    return address.startswith(PREFIX)


def check(address: str, source: Corpus, overwrite: bool) -> None:
    refuse_overwrite(f"output={address}", overwrite)


def location(address: str) -> str:
    return address


class AppendedSnapshot(AppendedRows):
    """Rows appended to an Iceberg table as one snapshot; a new table is created with them."""

    def __init__(self, address: str, schema: pa.Schema) -> None:
        super().__init__(f"output={address}", schema, lake.storable, tells_case=True)
        self._address = address

    def try_out(self) -> None:
        with explained(self._name, self._address, "written"):
            self._there(*open_catalog(self._name, self._address))

    def append(self) -> None:
        with explained(self._name, self._address, "written"):
            catalog, identifier = open_catalog(self._name, self._address)
            there = self._there(catalog, identifier)
            if there is None:
                transaction = catalog.create_table_transaction(identifier, self.schema)
            else:
                transaction = there.transaction()
            rows = lake.fit(self, self._name, there.schema().as_arrow() if there else self.schema)
            with transaction:
                # PyIceberg only streams into tables without partitions.
                partitioned = there is not None and not there.spec().is_unpartitioned()
                transaction.append(rows.read_all() if partitioned else rows)

    def _there(self, catalog: Any, identifier: str) -> Any:
        """The ``pyiceberg.table.Table``; None if there is none yet. UserError if the rows do not fit it."""
        namespace = identifier.rpartition(".")[0]
        if not catalog.namespace_exists(namespace):
            raise UserError(f"{self._name}: there is no namespace {namespace}: create it in the catalog")
        if not catalog.table_exists(identifier):
            return None
        table = catalog.load_table(identifier)
        lake.check_columns(self._name, self.schema, table.schema().as_arrow())
        return table


open_output = AppendedSnapshot
