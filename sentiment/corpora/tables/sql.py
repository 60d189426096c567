"""Rows of an SQL database: ``postgresql://ada@host/shop``, and the query that gives them."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.databases import DATABASES, check_query, full_address, is_database
from sentiment.corpora.tables import Table
from sentiment.errors import UserError

if TYPE_CHECKING:
    from mlflow.data.dataset_source import DatasetSource

EXPECTED = f"the URL of a database ({', '.join(DATABASES)}) with query="


def matches(corpus: Corpus) -> bool:
    return is_database(corpus.address)


def find(corpus: Corpus) -> Query:
    return Query(corpus)


class Query:
    """A :class:`sentiment.corpora.tables.FoundTable` of a query's rows; a database has no versions."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self._address = full_address(corpus.name, corpus.address)
        self.location = f"{self._address}: {corpus.query}"

    def open(self) -> Table:
        corpus = self._corpus
        if not corpus.query:
            table = corpus.address.partition("#")[2] or "reviews"
            query = quote(f"select * from {table}")
            raise UserError(f"{corpus.name} needs a query that gives the rows: -P query={query}")
        check_query(corpus.name, corpus.address, corpus.query)
        from sentiment.corpora.tables.sql_rows import SqlTable

        return SqlTable(corpus)

    def digest(self) -> None:
        return None  # only the rows tell whether a query gives the same rows

    def dataset_source(self) -> DatasetSource:
        """The query as code: MLflow has no kind of source for SQL without Spark."""
        from mlflow.data.code_dataset_source import CodeDatasetSource

        return CodeDatasetSource({"database": self._address, "query": self._corpus.query})
