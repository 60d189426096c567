"""Delta and Iceberg tables on this machine; the Iceberg catalog is an SQLite file."""

import json
import sys

import pyarrow as pa
import pytest

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.reading import corpus_digest, dataset_source, read_corpus
from sentiment.corpora.tables.kinds import open_table
from sentiment.errors import UserError

ROWS = pa.table({"text": ["fine", "dull 😀", None], "label": [5, 1, 5]})


@pytest.fixture
def delta(tmp_path):
    deltalake = pytest.importorskip("deltalake", reason="deltalake is not installed: requirements-tables.txt")
    deltalake.write_deltalake(str(tmp_path / "reviews"), ROWS)
    return str(tmp_path / "reviews"), lambda: deltalake.write_deltalake(
        str(tmp_path / "reviews"), ROWS.slice(1, 1), mode="append"
    )


@pytest.fixture
def iceberg(tmp_path, monkeypatch):
    catalogs = pytest.importorskip("pyiceberg.catalog", reason="pyiceberg is not installed: requirements-tables.txt")
    monkeypatch.setenv("PYICEBERG_CATALOG__MINE__URI", f"sqlite:///{tmp_path}/catalog.db")
    monkeypatch.setenv("PYICEBERG_CATALOG__MINE__WAREHOUSE", f"file://{tmp_path}")
    monkeypatch.setattr(catalogs, "_ENV_CONFIG", catalogs.Config())  # which is read once in a process
    catalog = catalogs.load_catalog("mine")
    catalog.create_namespace("shop")
    table = catalog.create_table("shop.reviews", schema=ROWS.schema)
    table.append(ROWS)
    return "iceberg://mine/shop.reviews", lambda: table.append(ROWS.slice(1, 1))


@pytest.mark.parametrize("kind", ["delta", "iceberg"])
def test_a_table_is_read_and_digested_by_its_version(request, kind):
    address, append = request.getfixturevalue(kind)
    frame, location = read_corpus(Corpus(address))
    assert frame["text"].tolist() == ["fine", "dull 😀", ""] and frame["label"].tolist() == ["5", "1", "5"]
    before = corpus_digest(Corpus(address))
    assert before == corpus_digest(Corpus(address)) and before.of in ("version", "snapshot") and before.of in location
    append()
    after = corpus_digest(Corpus(address))
    assert after.value != before.value
    assert len(read_corpus(Corpus(address))[0]) == 4


def test_mlflow_knows_the_version_of_a_delta_table(delta):
    address, append = delta
    append()
    found = json.loads(dataset_source(Corpus(address)).to_json())
    assert found["delta_table_version"] == 1 and found["path"].rstrip("/").endswith(address)
    assert len(list(open_table(Corpus(f"delta+file://{address}")))) == 2  # files


def test_a_delta_table_with_deletion_vectors_is_read(delta):
    from deltalake import DeltaTable

    address, _ = delta
    table = DeltaTable(address)
    table.alter.set_table_properties({"delta.enableDeletionVectors": "true"})
    table.delete("label = 1")
    assert sorted(read_corpus(Corpus(address))[0]["text"]) == ["", "fine"]


def test_mlflow_knows_the_snapshot_of_an_iceberg_table(iceberg):
    tags = json.loads(dataset_source(Corpus(iceberg[0])).to_json())["tags"]
    assert tags["iceberg"].endswith("/shop/reviews") and tags["snapshot"].isdigit()


@pytest.mark.parametrize(
    "kind, address, expected",
    [
        ("delta", "delta+file:///nowhere", "cannot be read as a Delta table"),
        ("iceberg", "iceberg://mine/shop.nowhere", "Table does not exist: shop.nowhere"),
        ("iceberg", "iceberg://theirs/shop.reviews", "PYICEBERG_CATALOG__THEIRS__URI"),
        ("iceberg", "iceberg://mine", "expected an Iceberg table, iceberg://catalog/namespace.table"),
    ],
)
def test_what_is_no_table_says_why(request, kind, address, expected):
    request.getfixturevalue(kind)
    with pytest.raises(UserError, match=expected):
        open_table(Corpus(address))
    assert corpus_digest(Corpus(address)) is None


def test_a_table_that_loses_a_file_is_not_read_in_part(delta, tmp_path):
    address, append = delta
    append()
    table = open_table(Corpus(address))
    sorted((tmp_path / "reviews").glob("*.parquet"))[0].unlink()
    with pytest.raises(UserError, match="reading broke off after"):
        list(table)


@pytest.mark.parametrize("module, address", [("deltalake", "delta+s3://b/t"), ("pyiceberg.catalog", "iceberg://c/n.t")])
def test_a_missing_package_is_named_with_how_to_install_it(monkeypatch, module, address):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UserError, match=r"pip install -r requirements-tables.txt"):
        open_table(Corpus(address))
