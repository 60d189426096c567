"""Delta tables: a folder with a ``_delta_log``, or the address of one in a bucket, ``delta+s3://bucket/reviews``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.stores import scheme_of
from sentiment.corpora.tables import Table
from sentiment.digests import Digest, bytes_digest
from sentiment.errors import UserError, optional_package

if TYPE_CHECKING:
    from mlflow.data.dataset_source import DatasetSource

EXPECTED = "a Delta table, a folder or such as delta+s3://bucket/reviews"
PREFIX = "delta+"
DECORATION = re.compile("\x1b\\[\\d*m|\u21b3")  # of deltalake's errors: colours and arrows
BACKTRACE = re.compile(r"\d+: ")


def is_delta(address: str) -> bool:
    """Whether an address is that of a Delta table: in a bucket by its form, a folder by its content."""
    return address.startswith(PREFIX) or Path(address, "_delta_log").is_dir()


def matches(corpus: Corpus) -> bool:
    return is_delta(corpus.address)


def find(corpus: Corpus) -> DeltaVersion:
    return DeltaVersion(corpus)


class DeltaVersion:
    """A :class:`sentiment.corpora.tables.FoundTable`: the latest version of a Delta table when it was found."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._table = load_table(corpus.name, corpus.address)  # stays at its version
        self.location = f"{self._table.table_uri}, version {self._table.version()}"

    def open(self) -> Table:
        import pyarrow as pa
        from deltalake.exceptions import DeltaError, DeltaProtocolError

        from sentiment.corpora.tables.arrow import ArrowTable

        try:
            dataset = self._table.to_pyarrow_dataset()
            schema, total, read = dataset.schema, dataset.count_rows(), dataset.to_batches
        except DeltaProtocolError:  # pyarrow lacks deletion vectors; engines that have them keep no row order
            schema, total, read = pa.schema(self._table.schema()), None, self._table.scan
        return ArrowTable(
            self._corpus, schema, total, lambda: (("", pa.record_batch(batch)) for batch in read()), DeltaError
        )

    def digest(self) -> Digest | None:
        """Of its id, its version and the content of its commit; None if the commit is no longer in the log."""
        from deltalake.fs import DeltaStorageHandler

        version = self._table.version()  # reassigned if a table is restored from a backup
        try:
            commit = DeltaStorageHandler(self._table.table_uri).open_input_file(f"_delta_log/{version:020}.json").read()
        except OSError:
            return None
        return Digest(f"{self._table.metadata().id} {bytes_digest(commit)} {version}", "version")

    def dataset_source(self) -> DatasetSource:
        from mlflow.data.delta_dataset_source import DeltaDatasetSource

        return DeltaDatasetSource(path=self._table.table_uri, delta_table_version=self._table.version())


def load_table(name: str, address: str) -> Any:
    """A ``deltalake.DeltaTable``, at its latest version.

    Raises:
        UserError: there is none, it cannot be reached, or deltalake is not installed.
    """
    with optional_package(name, "deltalake", "requirements-tables.txt"):
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError
    try:
        return DeltaTable(address.removeprefix(PREFIX))
    except (DeltaError, OSError, ValueError) as error:
        raise UserError(f"{name} cannot be read as a Delta table: {describe_failure(error, address)}") from error


def describe_failure(error: Exception, address: str) -> str:
    """The first and the last of deltalake's chain of causes, which say most, in one line."""
    from sentiment.corpora.stores.buckets import CREDENTIALS, REFUSED

    known = CREDENTIALS | {"abfs": "AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN"}
    lines = [DECORATION.sub("", line).strip() for line in str(error).splitlines()]
    causes = [line for line in lines if line and not BACKTRACE.match(line)] or [type(error).__name__]
    said = ": ".join(dict.fromkeys((causes[0], causes[-1])))
    credentials = known.get(scheme_of(address.removeprefix(PREFIX)).replace("abfss", "abfs"))
    refused = credentials and REFUSED.search(str(error))
    return f"no permission. Credentials come from {credentials} ({said})" if refused else said
