"""Delta and Iceberg tables on this machine; the Iceberg catalog is an SQLite file."""

import json
import re
import shutil
import sys

import pyarrow as pa
import pytest

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.reading import CorpusInput
from sentiment.corpora.tables import delta as delta_kind
from sentiment.corpora.tables import iceberg as iceberg_kind
from sentiment.corpora.tables.kinds import open_table
from sentiment.errors import UserError
from tests.corpora.iceberg import make_catalog

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
    catalog = make_catalog(tmp_path, monkeypatch)
    table = catalog.create_table("shop.reviews", schema=ROWS.schema)
    table.append(ROWS)
    return "iceberg://mine/shop.reviews", lambda: table.append(ROWS.slice(1, 1))


@pytest.mark.parametrize("kind", ["delta", "iceberg"])
def test_a_table_is_read_and_digested_by_its_version(request, kind):
    address, append = request.getfixturevalue(kind)
    given = CorpusInput(Corpus(address))
    frame, location = given.read(), given.found.location
    assert frame["text"].tolist() == ["fine", "dull 😀", ""] and frame["label"].tolist() == ["5", "1", "5"]
    before = CorpusInput(Corpus(address)).digest
    assert (
        before == CorpusInput(Corpus(address)).digest and before.of in ("version", "snapshot") and before.of in location
    )
    append()
    after = CorpusInput(Corpus(address)).digest
    assert after.value != before.value
    assert len(CorpusInput(Corpus(address)).read()) == 4


def test_a_delta_table_that_was_restored_and_written_to_again_is_another_one(delta, tmp_path):
    address, append = delta
    shutil.copytree(address, tmp_path / "backup")
    append()
    lost = CorpusInput(Corpus(address))
    before = lost.digest
    shutil.rmtree(address)
    shutil.copytree(tmp_path / "backup", address)
    restored = CorpusInput(Corpus(address)).digest
    assert restored == CorpusInput(Corpus(str(tmp_path / "backup"))).digest
    append()
    again = CorpusInput(Corpus(address))
    assert again.found.location == lost.found.location and again.found.location.endswith("version 1")
    assert again.digest != before


def test_another_name_of_a_column_makes_another_version_and_no_snapshot(iceberg):
    address, _ = iceberg
    before = CorpusInput(Corpus(address)).digest
    with iceberg_kind.load_table("corpus", address).update_schema() as schema:
        schema.rename_column("label", "stars")
    after = CorpusInput(Corpus(address, label_column="stars"))
    assert after.digest != before and after.read()["label"].tolist() == ["5", "1", "5"]


@pytest.mark.parametrize("kind", ["delta", "iceberg"])
def test_a_commit_between_the_digest_and_the_read_does_not_count(request, monkeypatch, kind):
    address, append = request.getfixturevalue(kind)
    module = {"delta": delta_kind, "iceberg": iceberg_kind}[kind]
    loaded, load = [], module.load_table
    monkeypatch.setattr(module, "load_table", lambda *given: loaded.append(load(*given)) or loaded[-1])
    given = CorpusInput(Corpus(address))
    before = given.digest
    append()
    assert len(given.read()) == 3 and len(loaded) == 1
    after = CorpusInput(Corpus(address))
    assert after.digest != before and len(after.read()) == 4
    for told in (given, after):
        version = told.found.location.split()[-1]
        assert version == told.digest.value.split()[-1] and version in told.found.dataset_source().to_json()


@pytest.mark.parametrize("kind, form", [("delta", "give it as {}"), ("iceberg", "give it as iceberg://CATALOG/")])
def test_the_parquet_files_of_a_table_are_not_read_as_plain_ones(request, tmp_path, kind, form):
    address, _ = request.getfixturevalue(kind)
    table = str(tmp_path / ("reviews" if kind == "delta" else "shop/reviews"))
    expected = f"{table} is a table of {kind.title()}, whose Parquet files hold more than its rows: "
    below = "*.parquet" if kind == "delta" else "**/*.parquet"
    for given in (str(tmp_path), f"{table}/{below}"):
        with pytest.raises(UserError, match=re.escape(expected + form.format(table))):
            CorpusInput(Corpus(given)).read()


def test_mlflow_knows_the_version_of_a_delta_table(delta):
    address, append = delta
    append()
    found = json.loads(CorpusInput(Corpus(address)).found.dataset_source().to_json())
    assert found["delta_table_version"] == 1 and found["path"].rstrip("/").endswith(address)
    assert len(list(open_table(Corpus(f"delta+file://{address}")))) == 2  # files


def test_a_delta_table_with_deletion_vectors_is_read(delta):
    from deltalake import DeltaTable

    address, _ = delta
    table = DeltaTable(address)
    table.alter.set_table_properties({"delta.enableDeletionVectors": "true"})
    table.delete("label = 1")
    assert sorted(CorpusInput(Corpus(address)).read()["text"]) == ["", "fine"]


def test_mlflow_knows_the_snapshot_of_an_iceberg_table(iceberg):
    tags = json.loads(CorpusInput(Corpus(iceberg[0])).found.dataset_source().to_json())["tags"]
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
    assert CorpusInput(Corpus(address)).digest is None


def test_a_table_that_loses_a_file_is_not_read_in_part(delta, tmp_path):
    address, append = delta
    append()
    table = open_table(Corpus(address))
    sorted((tmp_path / "reviews").glob("*.parquet"))[0].unlink()
    with pytest.raises(UserError, match="reading stopped after"):
        list(table)


@pytest.mark.parametrize("module, address", [("deltalake", "delta+s3://b/t"), ("pyiceberg.catalog", "iceberg://c/n.t")])
def test_a_missing_package_is_named_with_how_to_install_it(monkeypatch, module, address):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UserError, match=r"pip install -r requirements-tables.txt"):
        open_table(Corpus(address))


def test_a_store_that_lets_nobody_in_is_told_with_where_credentials_come_from():
    said = (
        "Operation not supported\n  \x1b[31m↳\x1b[0m while loading credentials\n  \x1b[31m↳\x1b[0m IMDS is disabled\n"
    )
    line = delta_kind.describe_failure(OSError(said), "delta+s3://bucket/reviews")
    assert line.startswith("no permission. Credentials come from AWS_ACCESS_KEY_ID and ")
    assert line.endswith("(Operation not supported: IMDS is disabled)")
    assert delta_kind.describe_failure(OSError("no log files\n   0: <unknown>"), "lake") == "no log files"
