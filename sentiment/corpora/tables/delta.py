"""Delta tables: a folder with a ``_delta_log``, or the address of one in a bucket, ``delta+s3://bucket/reviews``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.tables import Table
from sentiment.digests import Digest
from sentiment.errors import UserError, first_line

if TYPE_CHECKING:
    from mlflow.data.dataset_source import DatasetSource

EXPECTED = "a Delta table, a folder or such as delta+s3://bucket/reviews"
PREFIX = "delta+"


def is_delta(address: str) -> bool:
    """Whether an address is that of a Delta table: of a bucket by its form, of a folder by what is in it."""
    return address.startswith(PREFIX) or Path(address, "_delta_log").is_dir()


def matches(corpus: Corpus) -> bool:
    return is_delta(corpus.address)


def find(corpus: Corpus) -> DeltaVersion:
    return DeltaVersion(corpus)


class DeltaVersion:
    """A :class:`sentiment.corpora.tables.FoundTable`: the version of a Delta table that was the latest."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._table = load_table(corpus.name, corpus.address)  # which stays at its version
        self.location = f"{self._table.table_uri}, version {self._table.version()}"

    def open(self) -> Table:
        import pyarrow as pa
        from deltalake.exceptions import DeltaError, DeltaProtocolError

        from sentiment.corpora.tables.arrow import ArrowTable

        try:
            dataset = self._table.to_pyarrow_dataset()
            schema, total, read = dataset.schema, dataset.count_rows(), dataset.to_batches
        except DeltaProtocolError:  # pyarrow does not know deletion vectors; who does, keeps no order of the rows
            schema, total, read = pa.schema(self._table.schema()), None, self._table.scan
        return ArrowTable(
            self._corpus, schema, total, lambda: (("", pa.record_batch(batch)) for batch in read()), DeltaError
        )

    def digest(self) -> Digest:
        return Digest(f"{self._table.metadata().id} {self._table.version()}", "version")

    def dataset_source(self) -> DatasetSource:
        from mlflow.data.delta_dataset_source import DeltaDatasetSource

        return DeltaDatasetSource(path=self._table.table_uri, delta_table_version=self._table.version())


def load_table(name: str, address: str) -> Any:
    """A ``deltalake.DeltaTable``, at its latest version.

    Raises:
        UserError: there is none, it cannot be reached, or deltalake is not installed.
    """
    try:
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError
    except ModuleNotFoundError as error:
        raise missing_deltalake(name) from error
    try:
        return DeltaTable(address.removeprefix(PREFIX))
    except (DeltaError, OSError, ValueError) as error:
        raise UserError(f"{name} cannot be read as a Delta table: {first_line(error)}") from error


def missing_deltalake(name: str) -> UserError:
    return UserError(f"{name} needs deltalake: pip install -r requirements-tables.txt")
