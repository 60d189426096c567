"""Snowflake, as fakesnow has it, which answers on this machine."""

import pytest

from sentiment.corpora import databases
from sentiment.corpora.corpus import Corpus
from sentiment.corpora.reading import CorpusInput
from sentiment.errors import UserError

# It needs snowflake-connector-python 4, whose protobuf is older than ours.
fakesnow = pytest.importorskip("fakesnow", reason="it runs in an environment of its own: tests/corpora/fakesnow.txt")
ADDRESS = "snowflake://account/shop/public"


@pytest.fixture
def snowflake(monkeypatch):
    login = {"user": "ada", "password": "secret"}  # which connections.toml has, and fakesnow does not read
    monkeypatch.setattr(databases, "_arguments", lambda url, read_only: login)
    with fakesnow.patch():
        with databases.connect("shop", ADDRESS, read_only=False) as connection:
            connection.exec_driver_sql("create table reviews (text varchar, stars number(2, 1))")
            connection.exec_driver_sql("insert into reviews values ('100% fine', 5), ('dull', 1), (null, 1)")
            connection.commit()
        yield ADDRESS


def test_the_rows_of_a_query_are_documents(snowflake):
    query = "select * from reviews where text is null or text like '%n%' or stars = 1 order by stars desc, text"
    frame = CorpusInput(Corpus(snowflake, label_column="stars", query=query)).read()
    assert frame["text"].tolist() == ["100% fine", "dull", ""] and frame["label"].tolist() == ["5", "1", "1"]


@pytest.mark.parametrize(
    "query, expected",
    [
        ("select text from nowhere", "(?i)nowhere"),
        ("delete from reviews", "does more than read"),
        ("create or replace table reviews as select 1 as a", "does more than read"),
    ],
)
def test_a_query_that_gives_no_corpus_says_why(snowflake, query, expected):
    with pytest.raises(UserError, match=expected):
        CorpusInput(Corpus(snowflake, query=query)).read()
