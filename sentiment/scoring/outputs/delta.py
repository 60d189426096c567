"""Scored rows appended to a Delta table, with the id of the run: its folder, or ``delta+s3://bucket/scored``."""

import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.stores import scheme_of
from sentiment.corpora.tables.delta import PREFIX, describe_failure, is_delta, load_table
from sentiment.errors import UserError, optional_package
from sentiment.scoring.outputs import lake
from sentiment.scoring.outputs.appended import AppendedRows, refuse_overwrite

EXPECTED = "a Delta table, such as delta+lake/scored or delta+s3://bucket/scored"
matches = is_delta


def check(address: str, source: Corpus, overwrite: bool) -> None:
    name = f"output={address}"
    refuse_overwrite(name, overwrite)
    path = address.removeprefix(PREFIX)
    if scheme_of(path) or is_delta(path):
        return
    folder = Path(path)
    if folder.exists():
        raise UserError(f"{name}: {folder} exists and is not a Delta table: give another name")
    if not folder.parent.is_dir():
        raise UserError(f"{name}: there is no folder {folder.parent}")


def location(address: str) -> str:
    path = address.removeprefix(PREFIX)
    return path if scheme_of(path) else str(Path(path).resolve())


class AppendedVersion(AppendedRows):
    """Rows appended to a Delta table as one version."""

    def __init__(self, address: str, schema: pa.Schema) -> None:
        super().__init__(f"output={address}", schema, lake.storable)
        self._address, self._path = address, address.removeprefix(PREFIX)

    def try_out(self) -> None:
        self._there()

    def append(self) -> None:
        from deltalake import write_deltalake

        there = self._there()
        rows = lake.fit(self, self._name, pa.schema(there.schema()) if there else self.schema)
        try:
            write_deltalake(there or self._path, rows, mode="append")
        except Exception as error:  # deltalake's errors share no class
            if there is None and not is_delta(self._path):
                shutil.rmtree(self._path, ignore_errors=True)  # files of no version
            raise UserError(f"{self._name} cannot be written: {describe_failure(error, self._address)}") from error

    def _there(self) -> Any:
        """The ``deltalake.DeltaTable``; None if there is none yet. UserError if the rows do not fit it."""
        with optional_package(self._name, "deltalake", "requirements-tables.txt"):
            from deltalake import DeltaTable
            from deltalake.exceptions import DeltaError
        try:
            if not DeltaTable.is_deltatable(self._path):
                return None
        except (DeltaError, OSError, ValueError) as error:
            raise UserError(f"{self._name} cannot be reached: {describe_failure(error, self._address)}") from error
        table = load_table(self._name, self._address)
        lake.check_columns(self._name, self.schema, pa.schema(table.schema()))
        return table


open_output = AppendedVersion
