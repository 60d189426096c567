"""Files in buckets: moto's S3 server and azurite, on loopback."""

import gzip
import io
import os
import shutil
from contextlib import contextmanager

import mlflow
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.reading import CorpusInput
from sentiment.corpora.stores import buckets
from sentiment.errors import UserError
from sentiment.scoring.outputs import get_output
from tests.system.processes import free_port, object_store, running

pytestmark = pytest.mark.system

# azurite's own, in its documentation
AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
TEXTS = [f"text {number}, schön" for number in range(12_000)]  # several batches
CSV = ("text,label\n" + "".join(f'"{text}",{"np"[place % 2]}\n' for place, text in enumerate(TEXTS))).encode()
SOME = pa.table({"text": ["A gem.", "Dull."], "label": ["pos", "neg"]})
PARTS = [f"{name}:{row}" for name in ("day=2/part-2.parquet", "part-1.parquet") for row in (0, 1)]


def parquet(table=SOME):
    content = io.BytesIO()
    pq.write_table(table, content)
    return content.getvalue()


@contextmanager
def serve_s3():
    """moto's S3 server; gives the variables that an S3 client needs."""
    with object_store() as address:
        yield {
            "AWS_ENDPOINT_URL": address,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_EC2_METADATA_DISABLED": "true",
        }


@contextmanager
def serve_azure(folder):
    """azurite's blob service; gives the variable that its clients need."""
    program = shutil.which("azurite-blob")
    if program is None:
        pytest.skip("azurite-blob is not on the PATH (.ci/run installs it)")
    port = free_port()
    options = ["--silent", "--blobPort", str(port), "--location", os.fspath(folder), "--skipApiVersionCheck"]
    with running(port, program, *options):
        endpoint = f"http://127.0.0.1:{port}/devstoreaccount1"
        account = f"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={AZURITE_KEY}"
        yield {"AZURE_STORAGE_CONNECTION_STRING": f"{account};BlobEndpoint={endpoint};"}


@pytest.fixture(scope="module", params=["s3", "azure"])
def bucket(request, tmp_path_factory):
    """The address of a bucket with some files in it."""
    with serve_s3() if request.param == "s3" else serve_azure(tmp_path_factory.mktemp("azurite")) as variables:
        patch = pytest.MonkeyPatch()
        for name, value in variables.items():
            patch.setenv(name, value)
        address = "s3://reviews" if request.param == "s3" else "abfs://reviews@devstoreaccount1.dfs.core.windows.net"
        if request.param == "s3":
            from pyarrow.fs import S3FileSystem

            S3FileSystem(endpoint_override=variables["AWS_ENDPOINT_URL"], allow_bucket_creation=True).create_dir(
                "reviews"
            )
        else:
            buckets.open_bucket("corpus", f"{address}/")[0].create_dir("reviews")
        files = {
            "a.csv": CSV,
            "many/x-1.csv.gz": gzip.compress(CSV),
            "many/deeper/x-2.csv.gz": gzip.compress(b"text,label\nlast,pos\n"),
            "table/part-1.parquet": parquet(),
            "table/day=2/part-2.parquet": parquet(),
            "lake/sales/part-1.parquet": parquet(),
            "lake/sales/_delta_log/00000000000000000000.json": b"{}",
            "ice/data/part-1.parquet": parquet(),
            "ice/metadata/00000-1.metadata.json": b"{}",
            "cut.parquet": parquet()[:200],
        }
        for name, content in files.items():
            file = tmp_path_factory.mktemp("upload") / "file"
            file.write_bytes(content)
            buckets.upload("output", file, f"{address}/{name}")
        yield address
        patch.undo()


def test_files_in_a_bucket(bucket, tmp_path):
    corpus = Corpus(f"{bucket}/a.csv")
    given = CorpusInput(corpus)
    frame, location = given.read(), given.found.location
    assert frame["text"].tolist() == TEXTS and location == corpus.address
    before = CorpusInput(corpus).digest
    assert before.of == "ETag" and CorpusInput(corpus).digest == before
    assert CorpusInput(corpus).found.dataset_source().to_dict()["uri"].endswith("/a.csv")
    assert CorpusInput(Corpus(f"{bucket}/many/x-*.csv.gz")).read()["text"].tolist() == TEXTS
    frame = CorpusInput(Corpus(f"{bucket}/**/x-*.csv.gz")).read()
    assert frame["id"].tolist()[0] == "many/deeper/x-2.csv.gz:0" and len(frame) == len(TEXTS) + 1
    frame = CorpusInput(Corpus(f"{bucket}/table")).read()
    assert frame["id"].tolist() == [
        "day=2/part-2.parquet:0",
        "day=2/part-2.parquet:1",
        "part-1.parquet:0",
        "part-1.parquet:1",
    ]
    for path, expected in (
        ("cut.parquet", "cannot be read as .parquet"),
        ("none.csv", "there is no such file"),
        ("none-*.csv", "no file matches"),
        ("empty/", "there is no such file"),
        ("lake/sales", f"is a table of Delta, .*: give it as delta.{bucket}/lake/sales$"),
        ("lake/sales/*.parquet", f"is a table of Delta, .*: give it as delta.{bucket}/lake/sales$"),
        ("lake", f"{bucket}/lake/sales is a table of Delta"),
        ("ice", f"{bucket}/ice is a table of Iceberg, .*: give it as iceberg://CATALOG/NAMESPACE.TABLE$"),
    ):
        with pytest.raises(UserError, match=expected):
            CorpusInput(Corpus(f"{bucket}/{path}")).read()
    with pytest.raises(UserError, match="there is no bucket nowhere"):
        CorpusInput(Corpus(f"{bucket.replace('reviews', 'nowhere')}/a.csv")).read()


def test_a_file_of_a_bucket_that_changes_between_its_digest_and_the_read_is_not_read(bucket, tmp_path):
    address = f"{bucket}/changing.csv"
    (tmp_path / "file").write_bytes(CSV)
    buckets.upload("output", tmp_path / "file", address)
    given = CorpusInput(Corpus(address))
    assert given.digest and given.read()["text"].tolist() == TEXTS
    (tmp_path / "file").write_bytes(CSV.replace(b"text 1,", b"text 0,"))
    buckets.upload("output", tmp_path / "file", address)
    with pytest.raises(UserError, match="changing.csv has changed while it was read: start again"):
        given.read()


@pytest.mark.parametrize("name", ["scored.parquet", "scored.jsonl.zst"])
def test_what_predict_writes_into_a_bucket(bucket, name):
    address = f"{bucket}/out/{name}"
    kind = get_output(address)
    kind.check(address, Corpus("a.csv"), overwrite=False)
    with pytest.raises(ValueError), kind.open_output(address, SOME.schema) as output:
        output.write(SOME.to_batches()[0])
        raise ValueError
    kind.check(address, Corpus("a.csv"), overwrite=False)  # nothing is there
    with kind.open_output(address, SOME.schema) as output:
        output.write(SOME.to_batches()[0])
    assert CorpusInput(Corpus(address)).read()["text"].tolist() == ["A gem.", "Dull."]
    with pytest.raises(UserError, match="already exists: give another name, or -P overwrite=true"):
        kind.check(address, Corpus("a.csv"), overwrite=False)
    with pytest.raises(UserError, match="is the input"):
        kind.check(address, Corpus(address), overwrite=True)


def test_a_delta_table_in_a_bucket_is_appended_to_and_read(bucket, tracked, monkeypatch):
    pytest.importorskip("deltalake", reason="deltalake is not installed: requirements-tables.txt")
    if not bucket.startswith("s3"):
        pytest.skip("deltalake reaches azurite at its usual port alone")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    address = f"delta+{bucket}/lake/scored"
    for _ in range(2):
        with mlflow.start_run(), get_output(address).open_output(address, SOME.schema) as output:
            output.write(SOME.to_batches()[0])
    assert sorted(CorpusInput(Corpus(address)).read()["text"]) == ["A gem.", "A gem.", "Dull.", "Dull."]
    elsewhere = address.replace("reviews", "nowhere")
    with pytest.raises(UserError, match="nowhere"), get_output(elsewhere).open_output(elsewhere, SOME.schema):
        pass


def test_a_bucket_without_permission_names_the_variables(bucket, monkeypatch):
    if bucket.startswith("s3"):
        pytest.skip("moto lets everyone in")
    monkeypatch.setenv(
        "AZURE_STORAGE_CONNECTION_STRING", os.environ["AZURE_STORAGE_CONNECTION_STRING"].replace("Eby8", "AAAA")
    )
    with pytest.raises(UserError, match="no permission. Credentials come from AZURE_STORAGE_CONNECTION_STRING"):
        CorpusInput(Corpus(f"{bucket}/a.csv")).read()
