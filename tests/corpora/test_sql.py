"""Corpora in databases that are files, SQLite and DuckDB; servers are in tests/system/test_databases.py."""

import json
import os
import sqlite3
import sys
from contextlib import closing

import pytest

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.databases import check_query, connect
from sentiment.corpora.reading import CorpusInput
from sentiment.corpora.tables import BATCH_ROWS
from sentiment.corpora.tables.kinds import open_table
from sentiment.errors import UserError

pytest.importorskip("sqlglot", reason="sqlglot is not installed: requirements-sql.txt")
ROWS = [("Good: 100% :fun", "pos"), ("naïve 😀", "neg"), (None, None)]


@pytest.fixture(params=["sqlite", "duckdb"])
def shop(request, tmp_path):
    """The address of a database with the table reviews."""
    file = tmp_path / "shop.db"
    if request.param == "sqlite":
        with closing(sqlite3.connect(file)) as database:
            database.execute("create table reviews (text text, label text)")
            database.executemany("insert into reviews values (?, ?)", ROWS)
            database.commit()
    else:
        duckdb = pytest.importorskip("duckdb", reason="DuckDB is not installed: requirements-sql.txt")
        pytest.importorskip("duckdb_engine", reason="duckdb-engine is not installed: requirements-sql.txt")
        with duckdb.connect(str(file)) as database:
            database.execute("create table reviews (text varchar, label varchar)")
            database.executemany("insert into reviews values (?, ?)", ROWS)
    return f"{request.param}:///{file}"


def test_the_rows_of_a_query_are_documents(shop):
    query = "select text, label as stars from reviews where text is null or text like '%n%'"
    corpus = Corpus(shop, label_column="stars", query=query)
    given = CorpusInput(corpus)
    frame, location = given.read(), given.found.location
    assert frame["text"].tolist() == ["Good: 100% :fun", "naïve 😀", ""]
    assert frame["label"].tolist() == ["pos", "neg", ""]
    assert location == f"{shop}: {query}"
    assert CorpusInput(corpus).digest is None  # so it is read each time
    assert json.loads(CorpusInput(corpus).found.dataset_source().to_json()) == {
        "tags": {"database": shop, "query": query}
    }


@pytest.mark.parametrize("path", ["shop.db", "./shop.db#reviews"])
def test_a_relative_path_is_logged_in_full(shop, tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    full = f"{shop}{path[path.index('.db') + 3 :]}"
    corpus = Corpus(shop.replace(f"{tmp_path}/shop.db", path), query="select * from reviews")
    found = CorpusInput(corpus).found
    assert found.location == f"{full}: {corpus.query}" and len(CorpusInput(corpus).read()) == 3
    assert json.loads(found.dataset_source().to_json())["tags"]["database"] == full


@pytest.mark.parametrize(
    "query, expected",
    [
        ("", "needs a query that gives the rows: -P query='select \\* from reviews'"),
        ("select text from nowhere", "nowhere.*; correct query=select text from nowhere"),
        ("select nothing as text from reviews", "nothing"),
        ("select label from reviews", "has no column 'text': it has label; name the right one with -P text_column="),
        ("select text, label from reviews where", "cannot be read as SQL: something is missing"),
        ("select text, label from reviews where false", "has no rows"),
        ("select 1 as text, 2 as label", "the column text holds int64, expected texts"),
    ],
)
def test_a_query_that_gives_no_corpus_says_why(shop, query, expected):
    with pytest.raises(UserError, match=expected):
        CorpusInput(Corpus(shop, query=query)).read()


CHANGES = [
    "delete from reviews",
    "drop table reviews",
    "insert into reviews values ('a', 'b')",
    "create table copied as select * from reviews",
    "select 1; drop table reviews",
    "with gone as (delete from reviews returning *) select * from gone",
    "attach 'other.db' as other",
    "copy reviews to 'copied.csv'",
    "pragma writable_schema = 1",
]


@pytest.mark.parametrize("query", CHANGES)
def test_a_query_that_does_more_than_read_is_refused(shop, query):
    with pytest.raises(UserError, match="does more than read"):
        CorpusInput(Corpus(shop, query=query)).read()
    assert len(CorpusInput(Corpus(shop, query="select * from reviews")).read()) == 3


@pytest.mark.parametrize("mark", ["/*!", "/*!50000", "/*M!"])
def test_a_comment_that_mysql_executes_is_refused(mark):
    query = f"select text, label from reviews {mark} into outfile '/tmp/x' */"
    with pytest.raises(UserError, match="has a comment .* that MySQL executes"):
        check_query("corpus=x", "mysql://host/shop", query)


@pytest.mark.parametrize("query", CHANGES[:4])
def test_the_database_itself_refuses_a_change_that_went_unnoticed(shop, query):
    with pytest.raises(UserError, match="read-?only"), connect("corpus=x", shop, read_only=True) as connection:
        connection.exec_driver_sql(query)
    assert len(CorpusInput(Corpus(shop, query="select * from reviews")).read()) == 3


@pytest.mark.parametrize(
    "query",
    [
        "select a.text, b.label from a join b using (id) where a.text ~ '^x' and b.at > now() - interval '1 day'",
        "with recent as (select * from reviews where id > 5) select text, label from recent union all select 'a', 'b'",
        "select text, row_number() over (partition by label order by id) as n from reviews -- the first ones\n;",
        "select text::text, label from reviews where extra->>'a' = 'delete from' limit 5",
    ],
)
def test_a_query_that_reads_is_let_through(query):
    check_query("corpus=x", "postgresql://host/shop", query)


def test_a_column_has_one_type_and_is_streamed(tmp_path):
    file = tmp_path / "shop.db"
    with closing(sqlite3.connect(file)) as database:
        database.execute("create table reviews (text text, stars, note)")
        rows = [("fine", 5, None if number < BATCH_ROWS else number) for number in range(BATCH_ROWS + 1)]
        database.executemany("insert into reviews values (?, ?, ?)", rows)
        database.commit()
        table = open_table(Corpus(f"sqlite:///{file}", query="select * from reviews"))
        first, second = table
        assert (first.done, second.done, table.total) == (BATCH_ROWS, BATCH_ROWS + 1, None)
        assert str(table.schema.field("stars").type) == "int64"
        assert second.columns["note"].to_pylist() == ["5000"]  # in whose column nothing was before
        database.execute("update reviews set stars = 'five' where rowid = ?", [BATCH_ROWS + 1])
        database.commit()
        with pytest.raises(UserError, match="stars is int64 in the first rows, and something else among rows"):
            list(open_table(Corpus(f"sqlite:///{file}", query="select * from reviews")))


def test_strings_that_are_stored_as_bytes_are_decoded(tmp_path):
    file = tmp_path / "shop.db"
    with closing(sqlite3.connect(file)) as database:
        database.execute("create table reviews (text, label, slice)")  # as SQLite stores what it is given
        rows = [("fine", "schön", b"web"), ("so fine", "schön".encode(), b"app"), (b"dull", "neg", None)]
        database.executemany("insert into reviews values (?, ?, ?)", rows)
        database.commit()
        corpus = Corpus(f"sqlite:///{file}", query="select * from reviews")
        frame = CorpusInput(corpus).read()
        assert frame["text"].tolist() == ["fine", "so fine", "dull"]
        (batch,) = open_table(corpus)  # as predict reads it
        assert list(batch.values("text")) == ["fine", "so fine", "dull"]
        assert frame["label"].tolist() == ["schön", "schön", "neg"] and frame["slice"].tolist() == ["web", "app", ""]
        database.execute("update reviews set slice = ? where text = 'so fine'", ["schön".encode("latin-1")])
        database.commit()
    with pytest.raises(UserError, match=r"shop.db is not UTF-8 \(row 2\): convert it to UTF-8"):
        CorpusInput(corpus).read()


@pytest.mark.parametrize(
    "address, expected",
    [
        ("sqlite:///nowhere.db", "there is no such file"),
        ("duckdb:///:memory:", "there is no such file"),
        ("mysql://host:port/shop", "is not a database URL"),
        ("mysql://ada@127.0.0.1:1/shop", "refused.*; check the host and the port, and whether the server is running"),
    ],
)
def test_an_address_that_is_none_says_so(address, expected):
    with pytest.raises(UserError, match=expected):
        open_table(Corpus(address, query="select 1"))


def test_a_query_goes_with_a_database():
    with pytest.raises(UserError, match="query=select 1 needs the URL of a database, and corpus=sample is not one"):
        Corpus("sample", query="select 1")


@pytest.mark.parametrize(
    "module, address, requirements",
    [
        ("sqlglot", "sqlite:///shop.db", "requirements-sql.txt"),
        ("sqlglot", "snowflake://account/shop", "requirements-snowflake.txt"),
        ("psycopg", "postgresql://host/shop", "requirements-sql.txt"),
        ("pymysql", "mysql://host/shop", "requirements-sql.txt"),
        ("snowflake.sqlalchemy", "snowflake://account/shop", "requirements-snowflake.txt"),
    ],
)
def test_a_missing_package_is_named_with_how_to_install_it(monkeypatch, module, address, requirements):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UserError, match=rf"pip install -r {requirements}"):
        open_table(Corpus(address, query="select 1"))


def test_a_user_without_a_home_has_no_options_of_mysql(monkeypatch):
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as without HOME and an entry in /etc/passwd
    with pytest.raises(UserError, match="refused"), connect("x", "mysql://ada@127.0.0.1:1/shop", read_only=True):
        pass
