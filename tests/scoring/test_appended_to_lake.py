"""Scored rows appended to Delta and Iceberg tables on this machine; the Iceberg catalog is an SQLite file."""

import datetime
import decimal
import re
import sys

import mlflow
import pyarrow as pa
import pytest

from sentiment.corpora.corpus import Corpus
from sentiment.errors import UserError
from sentiment.scoring.outputs import get_output
from tests.corpora.iceberg import make_catalog

# Types that one or both of them lack, beside usual ones.
ROWS = pa.RecordBatch.from_pydict(
    {
        "text": ["fine", "dull 😀"],
        "run_id": pa.array([1, 200], pa.uint8()),  # a column of the input
        "id": pa.array([1, 2**63 + 5], pa.uint64()),
        "at": pa.array([None, 1_001], pa.timestamp("ns")),
        "price": pa.array([decimal.Decimal("1.50"), None], pa.decimal128(38, 2)),
        "tags": pa.array([["a"], None], pa.list_(pa.large_string())),
        "none": pa.nulls(2),
        "score": [0.9, 0.6],
    }
)
COLUMNS = {
    "text": ["fine", "dull 😀"],
    "input_run_id": [1, 200],
    "id": [1, 2**63 + 5],
    "at": [None, datetime.datetime(1970, 1, 1, 0, 0, 0, 1)],
    "price": [decimal.Decimal("1.50"), None],
    "tags": [["a"], None],
    "none": [None, None],
    "score": [0.9, 0.6],
}


@pytest.fixture(params=["delta", "iceberg"])
def scored(request, tmp_path, monkeypatch):
    """The address of a table that is not there, a function that reads it, one that makes it, partitioned by text."""
    if request.param == "delta":
        deltalake = pytest.importorskip("deltalake", reason="deltalake is not installed: requirements-tables.txt")
        path = f"{tmp_path}/scored"
        return (
            f"delta+{path}",
            lambda: deltalake.DeltaTable(path).to_pyarrow_table(),
            lambda schema: deltalake.DeltaTable.create(path, schema, partition_by=["text"]),
        )
    catalog = make_catalog(tmp_path, monkeypatch)

    def make(schema):
        with catalog.create_table("shop.scored", schema).update_spec() as spec:
            spec.add_identity("text")

    return "iceberg://mine/shop.scored", lambda: catalog.load_table("shop.scored").scan().to_arrow(), make


def append(address, rows=ROWS, fail=False):
    """Append rows in a run of its own; the run's id."""
    kind = get_output(address)
    kind.check(address, Corpus("reviews.csv"), overwrite=False)
    with mlflow.start_run() as run, kind.open_output(address, rows.schema) as output:
        output.write(rows)
        if fail:
            raise UserError("the model fails")
    return run.info.run_id


def test_rows_are_appended_with_the_id_of_the_run(scored, tracked):
    address, read, _ = scored
    first, second = append(address), append(address)
    found = read()
    for run_id in (first, second):
        of_run = found.filter(pa.compute.field("run_id") == run_id)
        assert of_run.select(list(COLUMNS)).to_pydict() == COLUMNS
    assert found.num_rows == 4


def test_an_error_leaves_no_row_and_no_table(scored, tracked):
    address, read, _ = scored
    with pytest.raises(UserError, match="the model fails"):
        append(address, fail=True)
    with pytest.raises(Exception, match="(?i)no files in log|does not exist"):
        read()
    append(address)
    with pytest.raises(UserError, match="the model fails"):
        append(address, fail=True)
    assert read().num_rows == 2


@pytest.mark.parametrize(
    "rows, expected",
    [
        ({"body": ["fine"]}, "the table has no column 'body', it has run_id, text, stars, at: add it"),
        (
            {"text": ["fine"], "stars": ["5"], "at": [1]},
            "the column 'stars' is int32 in the table and str",
        ),
        (
            {"text": ["fine"], "stars": [2**40], "at": [1]},
            "the column 'stars' is int32 in the table and i",
        ),
        ({"text": ["fine"]}, "the table needs a value for 'at', which the input lacks"),
        ({"text": ["fine"], "at": [datetime.timedelta(1)]}, "has no type for the column 'at', which is duration"),
    ],
)
def test_rows_that_do_not_fit_are_refused_before_anything_is_scored(scored, tracked, rows, expected):
    address, read, make = scored
    names = [("run_id", pa.string()), ("text", pa.string()), ("stars", pa.int32())]
    make(pa.schema([*names, pa.field("at", pa.int64(), nullable=False)]))
    with pytest.raises(UserError, match=re.escape(expected)):
        append(address, pa.RecordBatch.from_pydict(rows), fail=True)


def test_columns_that_the_rows_lack_are_null_and_those_that_the_table_needs_are_not(scored, tracked):
    address, read, make = scored
    make(
        pa.schema(
            [("more", pa.int32()), ("text", pa.string()), ("run_id", pa.string()), pa.field("n", pa.int64(), False)]
        )
    )
    narrow = pa.array([1, 2], pa.int16())
    append(address, pa.RecordBatch.from_pydict({"text": ["fine", "dull"], "n": narrow}))
    rows = read().select(["more", "text", "n"]).to_pylist()
    assert sorted(map(tuple, (row.values() for row in rows)), key=str) == [(None, "dull", 2), (None, "fine", 1)]
    with pytest.raises(UserError, match="the table needs a value for 'n' in every row, and some have none"):
        append(address, pa.RecordBatch.from_pydict({"text": ["fine", "dull"], "n": pa.array([1, None], pa.int16())}))
    assert read().num_rows == 2


def test_the_rows_of_a_table_are_not_replaced(scored):
    address, *_ = scored
    with pytest.raises(UserError, match="never replaced: leave out overwrite=true"):
        get_output(address).check(address, Corpus("reviews.csv"), overwrite=True)


def test_a_place_without_room_for_a_table_is_told_before_anything_is_scored(tracked, tmp_path):
    (tmp_path / "full").mkdir()
    for address, expected in (
        (f"delta+{tmp_path}/full", "exists and is not a Delta table: give another name"),
        (f"delta+{tmp_path}/nowhere/scored", "there is no folder"),
    ):
        with pytest.raises(UserError, match=expected):
            append(address, fail=True)


@pytest.mark.parametrize("made", [None, "before", "meanwhile"])
def test_rows_that_cannot_be_written_leave_a_delta_table_as_it_was(tracked, tmp_path, monkeypatch, made):
    deltalake = pytest.importorskip("deltalake", reason="deltalake is not installed: requirements-tables.txt")
    table = tmp_path / "scored"
    write = deltalake.write_deltalake
    if made == "before":
        append(f"delta+{table}")

    def fail(*_, **__):
        if made == "meanwhile":  # by another process
            write(table, pa.table({"run_id": ["0"]}))
        table.mkdir(exist_ok=True)
        raise OSError("No space left on device")

    monkeypatch.setattr(deltalake, "write_deltalake", fail)
    with pytest.raises(UserError, match="scored cannot be written: .*No space left on device"):
        append(f"delta+{table}")
    rows = deltalake.DeltaTable(table).to_pyarrow_table().num_rows if table.exists() else 0
    assert rows == {None: 0, "before": 2, "meanwhile": 1}[made] and table.exists() == bool(made)


def test_columns_that_differ_only_in_case_are_distinct_in_iceberg(scored, tracked):
    address, read, _ = scored
    rows = pa.RecordBatch.from_pydict({"ID": [1], "id": [2]})
    if address.startswith("delta"):
        with pytest.raises(UserError, match="ID and id are one name there"):
            append(address, rows)
    else:
        append(address, rows)
        assert read().select(["ID", "id"]).to_pylist() == [{"ID": 1, "id": 2}]


def test_a_namespace_that_is_missing_is_told(scored, tracked):
    for namespace in ("theirs", "shop.theirs") if scored[0].startswith("iceberg") else ():
        with pytest.raises(UserError, match=f"there is no namespace {namespace}: create it in the catalog"):
            append(f"iceberg://mine/{namespace}.scored", fail=True)


def test_a_catalog_that_does_not_answer_is_told_before_anything_is_scored(tracked, tmp_path, monkeypatch):
    catalog = make_catalog(tmp_path, monkeypatch)

    def fail(*_):
        raise ConnectionError("no answer")

    monkeypatch.setattr(type(catalog), "namespace_exists", fail)
    with pytest.raises(UserError, match="shop.scored cannot be written as an Iceberg table: no answer; the catalog"):
        append("iceberg://mine/shop.scored", fail=True)


@pytest.mark.parametrize("module, address", [("deltalake", "delta+s3://b/t"), ("pyiceberg.catalog", "iceberg://c/n.t")])
def test_a_missing_package_is_named_with_how_to_install_it(monkeypatch, tracked, module, address):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UserError, match=r"pip install -r requirements-tables.txt"):
        append(address, fail=True)


def test_a_number_that_the_column_of_the_table_would_round_is_refused(scored, tracked):
    address, read, make = scored
    make(pa.schema([("run_id", pa.string()), ("text", pa.string()), ("n", pa.float64())]))
    append(address, pa.RecordBatch.from_pydict({"text": ["fine"], "n": [2**53]}))
    with pytest.raises(UserError, match="9007199254740993 not in range"):
        append(address, pa.RecordBatch.from_pydict({"text": ["dull"], "n": [2**53 + 1]}))
    assert read().select(["text", "n"]).to_pylist() == [{"text": "fine", "n": 2.0**53}]
