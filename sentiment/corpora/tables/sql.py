"""Rows of an SQL database: ``postgresql://ada@host/shop``, and the query that gives them."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.databases import DATABASES, check_query, is_database
from sentiment.corpora.tables import Table
from sentiment.digests import Digest
from sentiment.errors import UserError

if TYPE_CHECKING:
    from mlflow.data.dataset_source import DatasetSource

EXPECTED = f"the URL of a database ({', '.join(DATABASES)}) with query="


def matches(corpus: Corpus) -> bool:
    return is_database(corpus.address)


def open_table(corpus: Corpus) -> Table:
    if not corpus.query:
        table = corpus.address.partition("#")[2] or "reviews"
        raise UserError(f"{corpus.name} needs a query that gives the rows: -P query={quote(f'select * from {table}')}")
    check_query(corpus.name, corpus.address, corpus.query)
    from sentiment.corpora.tables.sql_rows import SqlTable

    return SqlTable(corpus)


def digest(corpus: Corpus) -> Digest | None:
    return None  # nothing tells whether a query gives the same rows but the rows


def location(corpus: Corpus) -> str:
    return f"{corpus.address}: {corpus.query}"


def dataset_source(corpus: Corpus) -> DatasetSource:
    """MLflow has no kind of its own for SQL without Spark: what gives the rows is code, the query."""
    from mlflow.data.code_dataset_source import CodeDatasetSource

    return CodeDatasetSource({"database": corpus.address, "query": corpus.query})
