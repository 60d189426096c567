"""Corpora, input and output in databases of a server: PostgreSQL, and MariaDB as MySQL."""

import json
import re
import time

import pyarrow as pa
import pytest

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.databases import connect
from sentiment.corpora.reading import CorpusInput
from sentiment.corpora.tables.kinds import open_table
from sentiment.errors import UserError
from sentiment.scoring.outputs import get_output
from tests.conftest import runs
from tests.system import databases
from tests.system.processes import run_step

pytest.importorskip("sqlglot", reason="sqlglot is not installed: requirements-sql.txt")
PASSWORDS = {"PGPASSWORD": "secret", "MYSQL_PWD": "secret"}
ROWS = 12_000
COLUMNS = "id integer primary key, body text, stars decimal(2, 1), at timestamp null, split text"


@pytest.fixture(scope="module", params=["postgresql", "mysql"])
def server(request):
    pytest.importorskip({"postgresql": "psycopg", "mysql": "pymysql"}[request.param], reason="requirements-sql.txt")
    with getattr(databases, request.param)() as address, pytest.MonkeyPatch.context() as patch:
        for name, value in PASSWORDS.items():
            patch.setenv(name, value)
        wait_for_login(address)
        change(address, f"create table reviews ({COLUMNS})")
        with connect("shop", address, read_only=False) as connection:
            rows = [(n, f"100% 😀 text {n}", 1 + 4 * (n % 2), "test" if n % 5 == 0 else "train") for n in range(ROWS)]
            for start in range(0, ROWS, 1000):
                some = rows[start : start + 1000]
                values = ", ".join(f"({n}, '{text}', {stars}, null, '{split}')" for n, text, stars, split in some)
                connection.exec_driver_sql(
                    f"insert into reviews values {values}", execution_options={"no_parameters": True}
                )
            connection.commit()
        yield address


def wait_for_login(address):
    """A server listens before it has made its users."""
    for attempt in range(60):
        try:
            change(address)
            return
        except UserError:
            if attempt == 59:
                raise
            time.sleep(0.5)


def change(address, *statements):
    with connect("shop", address, read_only=False) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.commit()


def count(address, table):
    with connect("shop", address, read_only=True) as connection:
        return connection.exec_driver_sql(f"select count(*) from {table}").scalar()


def corpus(address, query):
    return Corpus(address, "body", "stars", query=query)


def test_rows_are_read_as_they_are(server):
    frame = CorpusInput(corpus(server, "select * from reviews where body like '100%' order by id")).read()
    assert len(frame) == ROWS and frame["text"][1] == "100% 😀 text 1" and set(frame["label"]) == {"1", "5"}


@pytest.mark.parametrize(
    "query, expected",
    [
        ("select * from nowhere", "nowhere"),
        ("select nothing from reviews", "nothing"),
        ("select 1 as body, 2 as stars", "the column body holds int64, expected texts"),
    ],
)
def test_what_cannot_be_read_says_why(server, query, expected):
    with pytest.raises(UserError, match=expected):
        CorpusInput(corpus(server, query)).read()


def test_who_may_not_log_in_is_told_where_the_password_belongs(server, monkeypatch):
    for name in PASSWORDS:
        monkeypatch.setenv(name, "wrong")
    with pytest.raises(UserError, match="the password belongs in (PGPASSWORD|MYSQL_PWD) or in ~/"):
        open_table(corpus(server, "select * from reviews"))
    with pytest.raises(UserError, match="onnect"):
        open_table(corpus(re.sub(r":\d+/", ":1/", server), "select 1"))


def test_a_database_that_is_not_there_is_named_with_what_to_do(server):
    nowhere = server.rpartition("/")[0] + "/nowhere"
    with pytest.raises(UserError, match="(?i)database .?nowhere.*; correct its name, the last part of the address"):
        open_table(corpus(nowhere, "select 1"))


@pytest.mark.parametrize(
    "statement",
    ["delete from reviews", "drop table reviews", "create table copied (a integer)", "update reviews set id = 0"],
)
def test_the_server_itself_refuses_a_change_that_went_unnoticed(server, statement):
    with pytest.raises(UserError, match="(?i)read.?only"), connect("x", server, read_only=True) as connection:
        connection.exec_driver_sql(statement)
    assert count(server, "reviews") == ROWS


def test_a_function_that_changes_something_is_refused_by_the_server(server):
    if server.startswith("mysql"):
        pytest.skip("MySQL has no sequences")
    change(server, "create sequence numbers")
    with pytest.raises(UserError, match=r"cannot execute nextval\(\) in a read-only transaction"):
        open_table(corpus(server, "select nextval('numbers')"))


def test_a_connection_that_breaks_in_the_middle_is_one_line(server):
    # More than the buffers between server and client hold.
    table = open_table(corpus(server, "select a.* from reviews a join reviews b on b.id < 20"))
    batches = iter(table)
    next(batches)
    with connect("shop", server, read_only=False) as connection:
        if server.startswith("mysql"):
            own = connection.exec_driver_sql("select connection_id()").scalar()
            others = connection.exec_driver_sql(
                f"select id from information_schema.processlist where user = 'ada' and id <> {own}"
            ).scalars()
            for other in list(others):
                connection.exec_driver_sql(f"kill {other}")
        else:
            connection.exec_driver_sql(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where usename = 'ada' and pid <> pg_backend_pid()"
            )
    with pytest.raises(UserError, match=r"reading stopped after [\d,]+ rows, none of which are kept: .*; try again"):
        list(batches)


def test_ingest_keeps_the_splits_of_a_table_and_reads_it_each_time(server, tmp_path):
    if server.startswith("mysql"):
        pytest.skip("the step is the same")
    query = "select *, '%s' as more from reviews where id < 2000 and body <> 'x  \"y\"'"
    given = [f"--corpus={server}", f"--query={query}", "--text_column=body", "--label_column=stars", "--splits=source"]
    for _ in range(2):
        process = run_step("ingest", *given, "--reuse=true", cwd=tmp_path)
        assert process.returncode == 0, process.stderr
        assert "0.2 of its training split are taken for it" in process.stdout
        assert "400 test" in process.stdout
    second, first = runs(tmp_path, "ingest")
    assert "step.reused" not in second.data.tags
    assert second.data.tags["step.output_digest"] == first.data.tags["step.output_digest"]
    (source, *_) = [json.loads(logged.dataset.source) for logged in second.inputs.dataset_inputs]
    assert source["tags"] == {"database": server, "query": query}


def test_a_table_of_other_types_is_refused_before_anything_is_scored(server):
    if server.startswith("mysql"):
        pytest.skip("MySQL says so when it gets the rows")
    change(server, "create table ratings (run_id text, body integer)")
    columns = pa.schema([("body", pa.string())])
    with pytest.raises(UserError, match='column "body" is of type integer.*; no row was written: name a table that'):
        get_output(f"{server}#ratings").open_output(f"{server}#ratings", columns).try_out()


def test_predict_reads_a_query_and_appends_to_a_table(server, registered):
    query = "select id, body, stars from reviews where id < 20 order by id"
    given = [f"--input={server}", f"--query={query}", f"--output={server}#scored", "--text_column=body"]
    for _ in range(2):
        process = run_step("predict", *given, cwd=registered)
        assert process.returncode == 0, process.stderr
    (run, _) = runs(registered, "predict")[:2]
    with connect("shop", server, read_only=True) as connection:
        found = connection.exec_driver_sql(
            f"select id, label, score from scored where run_id = '{run.info.run_id}'"
        ).all()
    assert sorted(row.id for row in found) == list(range(20)) and count(server, "scored") == 40
    assert all(row.label in ("negative", "positive") and 0 <= row.score <= 1 for row in found)
