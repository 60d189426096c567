"""Datasets of the Hugging Face hub: ``hf://datasets/owner/name``, ``?config=`` and ``split=`` if it has several."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.tables import BATCH_ROWS, Table
from sentiment.digests import Digest
from sentiment.errors import UserError, first_line, optional_package

if TYPE_CHECKING:
    import pyarrow as pa
    from mlflow.data.dataset_source import DatasetSource

PREFIX = "hf://datasets/"
EXPECTED = "a dataset of the Hugging Face hub, hf://datasets/owner/name"
SPLIT = "split"  # the column with the split of each row
PATIENCE = 10  # seconds for the hub to answer
REQUIREMENTS = "requirements-tables.txt"


class Handle(NamedTuple):
    """The parts of an address.

    Args:
        name: of the dataset, ``owner/name``.
        config: its configuration; None for the only one.
        split: the split that is read; None for all.
        revision: a commit, branch or tag; None for the latest.
    """

    name: str
    config: str | None
    split: str | None
    revision: str | None


def matches(corpus: Corpus) -> bool:
    return corpus.address.startswith(PREFIX)


def find(corpus: Corpus) -> HubCommit:
    return HubCommit(corpus)


class HubCommit:
    """A :class:`sentiment.corpora.tables.FoundTable`: the commit to which a dataset's address was resolved.

    With HF_HUB_OFFLINE, which means the cached one, it is unknown, and there is no digest.
    """

    def __init__(self, corpus: Corpus) -> None:
        self._corpus, self._handle, self._commit = corpus, parse(corpus), find_revision(corpus)
        self.location = f"{corpus.address}, commit {self._commit}" if self._commit else corpus.address

    def open(self) -> Table:
        import pyarrow as pa

        with optional_package(self._corpus.name, "datasets", REQUIREMENTS):
            from datasets import Dataset, load_dataset
        from sentiment.corpora.tables.arrow import ArrowTable

        handle, revision = self._handle, self._commit or self._handle.revision
        try:
            found = load_dataset(handle.name, handle.config, split=handle.split, revision=revision)
        except (OSError, ValueError, RuntimeError) as error:  # includes datasets' own errors
            raise UserError(
                f"{self._corpus.name} cannot be read: {first_line(error)}; a configuration and a split are named as in "
                f"{PREFIX}owner/name?config=plain_text&split=train"
            ) from error
        splits: dict[str, Dataset] = {"": found} if isinstance(found, Dataset) else dict(found)
        features = next(iter(splits.values())).features
        names = {column: feature.names for column, feature in features.items() if hasattr(feature, "int2str")}
        schema = pa.schema(
            [
                pa.field(field.name, pa.string()) if field.name in names else field
                for field in features.arrow_schema.remove_metadata()
            ]
        )
        with_split = handle.split is None and SPLIT not in features
        if with_split:
            schema = schema.append(pa.field(SPLIT, pa.string()))

        def read() -> Iterator[tuple[str, pa.RecordBatch]]:
            for split, dataset in splits.items():
                for rows in dataset.with_format("arrow").iter(BATCH_ROWS):
                    columns = [
                        _name_classes(column, names[name]) if name in names else column
                        for name, column in zip(rows.column_names, rows.columns)
                    ]
                    if with_split:
                        columns.append(pa.chunked_array([pa.repeat(split, rows.num_rows)]))
                    table = pa.Table.from_arrays(columns, schema=schema)
                    yield from ((split, batch) for batch in table.combine_chunks().to_batches())

        return ArrowTable(self._corpus, schema, sum(map(len, splits.values())), read)

    def digest(self) -> Digest | None:
        if not self._commit:
            return None
        return Digest(" ".join(filter(None, (self._commit, self._handle.config, self._handle.split))), "commit")

    def dataset_source(self) -> DatasetSource:
        from mlflow.data.huggingface_dataset_source import HuggingFaceDatasetSource

        handle = self._handle
        return HuggingFaceDatasetSource(handle.name, handle.config, split=handle.split, revision=self._commit)


def parse(corpus: Corpus) -> Handle:
    """The parts of an address; UserError if it has others."""
    path, _, query = corpus.address.removeprefix(PREFIX).partition("?")
    name, _, revision = path.partition("@")
    given = dict(parse_qsl(query, keep_blank_values=True))
    if not name or name.count("/") > 1 or set(given) - {"config", "split"}:
        raise UserError(f"{corpus.name}: expected {PREFIX}owner/name, and ?config= and split= if it has several")
    return Handle(name, given.get("config"), given.get("split"), revision or None)


def find_revision(corpus: Corpus) -> str | None:
    """The commit of the hub to which an address resolves; None with HF_HUB_OFFLINE, which means the cached one.

    Raises:
        UserError: the hub does not answer or has no such dataset, or huggingface_hub is not installed.
    """
    handle = parse(corpus)
    with optional_package(corpus.name, "datasets", REQUIREMENTS):
        from httpx2 import HTTPError
        from huggingface_hub import HfApi, constants
        from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError, RevisionNotFoundError
    if constants.HF_HUB_OFFLINE:
        return None
    try:
        return HfApi().dataset_info(handle.name, revision=handle.revision, timeout=PATIENCE).sha
    except (RepositoryNotFoundError, RevisionNotFoundError, HFValidationError) as error:
        raise UserError(
            f"{corpus.name}: the hub has no such dataset, or you lack access: correct the name, or log in with "
            "`hf auth login` or HF_TOKEN if it is private or gated"
        ) from error
    except (HTTPError, OSError) as error:
        raise UserError(
            f"{corpus.name}: the hub does not answer ({first_line(error)}): try again, or set HF_HUB_OFFLINE=1 to "
            "read what an earlier run has downloaded"
        ) from error


def _name_classes(numbers: pa.ChunkedArray, names: list[str]) -> pa.ChunkedArray:
    """Names in place of the numbers of classes; null for -1, which means no label."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.take(pa.array(names), pc.if_else(pc.less(numbers, 0), None, numbers))
