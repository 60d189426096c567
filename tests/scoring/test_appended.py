"""Scored rows appended to a table of a database that is a file."""

import datetime
import decimal
import sqlite3
from contextlib import closing

import mlflow
import pyarrow as pa
import pytest

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.databases import connect
from sentiment.errors import UserError
from sentiment.scoring.outputs import get_output

COLUMNS = pa.RecordBatch.from_pydict(
    {
        "text": ["fine", "dull 😀"],
        "run_id": [1, 2],  # a column of the input
        "price": pa.array([decimal.Decimal("1.50"), None], pa.decimal128(38, 2)),
        "tags": [["a"], None],
        "score": [0.9, 0.6],
    }
)
ROWS = [("fine", 1, 1.5, '["a"]', 0.9), ("dull 😀", 2, None, None, 0.6)]


@pytest.fixture(params=["sqlite", "duckdb"])
def shop(request, tmp_path):
    pytest.importorskip({"duckdb": "duckdb_engine"}.get(request.param, "sqlite3"), reason="requirements-sql.txt")
    return f"{request.param}:///{tmp_path}/shop.db"


@pytest.fixture
def duckdb(tmp_path):
    pytest.importorskip("duckdb_engine", reason="requirements-sql.txt")
    return f"duckdb:///{tmp_path}/shop.db"


def append(address, columns=COLUMNS, fail=False):
    """Append rows in a run of its own; the run's id."""
    kind = get_output(address)
    kind.check(address, Corpus("reviews.csv"), overwrite=False)
    with mlflow.start_run() as run:
        with kind.open_output(address, columns.schema) as output:
            output.write(columns)
            if fail:
                raise UserError("the model fails")
        return run.info.run_id


def read(shop, query):
    with connect("shop", shop, read_only=True) as connection:
        return [tuple(row) for row in connection.exec_driver_sql(query)]


def test_rows_are_appended_with_the_id_of_the_run(shop, tracked):
    first, second = append(f"{shop}#scored"), append(f"{shop}#scored")
    names = "text, input_run_id, price, tags, score"
    for run_id in (first, second):
        assert read(shop, f"select {names} from scored where run_id = '{run_id}' order by input_run_id") == ROWS
    assert read(shop, "select count(*) from scored") == [(4,)]


def test_an_error_leaves_no_row_and_no_table(shop, tracked, tmp_path):
    with pytest.raises(UserError, match="the model fails"):
        append(f"{shop}#scored", fail=True)
    assert not (tmp_path / "shop.db").exists()
    append(f"{shop}#scored")
    for address in (f"{shop}#scored", f"{shop}#others"):
        with pytest.raises(UserError, match="the model fails"):
            append(address, fail=True)
    assert read(shop, "select count(*) from scored") == [(2,)]
    with pytest.raises(UserError, match="others"):
        read(shop, "select * from others")


def test_a_row_that_the_database_refuses_leaves_none_of_the_others(tracked, tmp_path):
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database:
        database.execute("create table scored (run_id text, text text check (text <> 'dull 😀'))")
    with pytest.raises(UserError, match="CHECK constraint failed.*; no row was written: name a table that"):
        append(f"sqlite:///{tmp_path}/shop.db#scored", COLUMNS.select(["text"]))
    assert read(f"sqlite:///{tmp_path}/shop.db", "select * from scored") == []


def test_a_view_is_refused_before_anything_is_scored(tracked, tmp_path):
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database:
        database.execute("create view scored as select '' as run_id, '' as text")
    with pytest.raises(UserError, match="cannot modify scored because it is a view; no row was written"):
        append(f"sqlite:///{tmp_path}/shop.db#scored", COLUMNS.select(["text"]), fail=True)


def test_the_table_may_be_in_a_schema(duckdb, tracked):
    with connect("shop", duckdb, read_only=False) as connection:
        connection.exec_driver_sql("create schema moods")
        connection.commit()
    for _ in range(2):
        append(f"{duckdb}#moods.scored")
    assert read(duckdb, "select count(*) from moods.scored") == [(4,)]


def test_a_table_that_is_created_has_the_types_of_the_rows(duckdb, tracked):
    row = {
        "flag": True,
        "count": 2**40,
        "half": 0.5,
        "day": datetime.date(2025, 10, 26),
        "hour": datetime.time(10, 30),
        "moment": datetime.datetime(2025, 10, 26, 10, 30),
        "raw": b"\x00\xff",
        "fixed": b"\x01\x02",
    }
    types = {"half": pa.float16(), "fixed": pa.binary(2)}
    arrays = {name: pa.array([value], types.get(name)) for name, value in row.items()}
    append(f"{duckdb}#scored", pa.RecordBatch.from_pydict(arrays))
    assert read(duckdb, f"select {', '.join(row)} from scored") == [tuple(row.values())]


def test_a_table_without_a_column_is_refused_before_anything_is_scored(shop, tracked):
    append(f"{shop}#scored", COLUMNS.select(["text", "score"]))
    with pytest.raises(UserError, match="has no column 'price', it has run_id, text, score"):
        append(f"{shop}#scored", COLUMNS.select(["text", "price"]), fail=True)
    with connect("shop", shop, read_only=False) as connection:
        connection.exec_driver_sql("create table others (text varchar)")
        connection.commit()
    with pytest.raises(UserError, match="has no column 'run_id', it has text: add it"):
        append(f"{shop}#others", COLUMNS.select(["text"]), fail=True)


@pytest.mark.parametrize(
    "address, overwrite, expected",
    [
        ("sqlite:///shop.db", False, "names no table: write sqlite:///shop.db#scored"),
        ("sqlite:///shop.db#", False, "names no table: write sqlite:///shop.db#scored"),
        ("postgresql://ada@host:port/shop#scored", False, "is not a database URL"),
        ("sqlite:///shop.db#scored", True, "rows are appended to a table, never replaced"),
    ],
)
def test_an_output_that_is_no_table_is_refused(address, overwrite, expected):
    with pytest.raises(UserError, match=expected):
        get_output(address).check(address, Corpus("reviews.csv"), overwrite)


def test_a_folder_that_is_missing_is_refused_before_anything_is_scored(tracked):
    with pytest.raises(UserError, match="there is no folder"):
        append("sqlite:///nowhere/shop.db#scored", fail=True)


def test_columns_that_are_one_name_to_the_database_are_told_before_anything_is_scored(tracked, shop):
    columns = pa.RecordBatch.from_pydict({"text": ["fine"], "ID": [1], "id": [2]})
    with pytest.raises(UserError, match="ID and id are one name there: rename a column of the input"):
        get_output(f"{shop}#scored").open_output(f"{shop}#scored", columns.schema)


def test_a_number_above_bigint_is_kept_and_a_duration_is_told_before_anything_is_scored(tracked, shop):
    large = 2**63 + 5
    append(f"{shop}#scored", pa.RecordBatch.from_pydict({"id": pa.array([large], pa.uint64())}))
    assert [int(value) for (value,) in read(shop, "select id from scored")] == [large]
    with pytest.raises(UserError, match=r"no type for the column 'took', which is duration\[s\]: leave it out"):
        append(f"{shop}#others", pa.RecordBatch.from_pydict({"took": pa.array([1], pa.duration("s"))}), fail=True)


def test_a_time_with_a_zone_is_kept_as_utc_where_the_database_has_no_zones(tracked, tmp_path):
    """In the hour that comes twice in autumn, wall time would make two instants one."""
    instants = [datetime.datetime(2025, 10, 26, hour, 30, tzinfo=datetime.UTC) for hour in (0, 1)]
    url = f"sqlite:///{tmp_path / 'times.db'}"
    append(f"{url}#scored", pa.RecordBatch.from_pydict({"at": pa.array(instants, pa.timestamp("us", "Europe/Berlin"))}))
    found = [value for (value,) in read(url, "select at from scored order by at")]
    assert [value[:16] for value in found] == ["2025-10-26 00:30", "2025-10-26 01:30"]
