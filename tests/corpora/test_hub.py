"""Datasets of the Hugging Face hub, through its own packages, from a server here that answers as the hub does."""

import hashlib
import io
import json
import sys
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.reading import CorpusInput
from sentiment.corpora.tables import hub as kind
from sentiment.corpora.tables.kinds import open_table
from sentiment.errors import UserError
from tests.loopback import listen

COMMIT = "c0ffee" * 6 + "abcd"
README = """---
dataset_info:
  features:
  - name: text
    dtype: string
  - name: label
    dtype:
      class_label:
        names: {'0': neg, '1': pos}
---
"""


def parquet(texts, labels):
    file = io.BytesIO()
    pq.write_table(pa.table({"text": texts, "label": pa.array(labels, pa.int64())}), file)
    return file.getvalue()


FILES = {
    "README.md": README.encode(),
    "data/train-00000-of-00001.parquet": parquet([f"text {number}" for number in range(6)], [0, 1] * 3),
    "data/test-00000-of-00001.parquet": parquet(["fine", "who knows"], [1, -1]),
}


class Hub(BaseHTTPRequestHandler):
    """One dataset, ada/reviews, of one commit."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path, headers, body = urlsplit(self.path).path, {}, None
        if path.startswith(f"/api/datasets/ada/reviews/tree/{COMMIT}"):
            body = json.dumps(self.tree(path.partition(COMMIT)[2].strip("/"))).encode()
        elif path in ("/api/datasets/ada/reviews", f"/api/datasets/ada/reviews/revision/{COMMIT}"):
            body = json.dumps({"id": "ada/reviews", "sha": COMMIT, "siblings": []}).encode()
        elif path.startswith("/api/datasets"):
            headers = {"X-Error-Code": "RepoNotFound"}
        else:
            body = FILES.get(path.partition(f"/datasets/ada/reviews/resolve/{COMMIT}/")[2])
            headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{hashlib.sha1(body or b"").hexdigest()}"'}
        self.send_response(404 if body is None else 200)
        for name, value in (headers | {"Content-Length": len(body or b"")}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body or b"")

    do_HEAD = do_GET

    def tree(self, folder):
        files = [
            {"type": "file", "path": name, "oid": hashlib.sha1(content).hexdigest(), "size": len(content)}
            for name, content in FILES.items()
            if name.rpartition("/")[0] == folder
        ]
        return files if folder else [*files, {"type": "directory", "path": "data", "oid": "0" * 40, "size": 0}]

    def log_message(self, *_):
        pass


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """The server; the packages read the environment once in a process, so their settings are set here."""
    datasets = pytest.importorskip("datasets", reason="datasets is not installed: requirements-tables.txt")
    from huggingface_hub import constants

    with listen(Hub) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        for module, name, value in (
            (constants, "ENDPOINT", url),
            (constants, "HUGGINGFACE_CO_URL_TEMPLATE", url + "/{repo_id}/resolve/{revision}/{filename}"),
            (datasets.config, "HF_ENDPOINT", url),
            (constants, "HF_HUB_CACHE", str(tmp_path / "hub")),
            (datasets.config, "HF_DATASETS_CACHE", tmp_path / "datasets"),
        ):
            monkeypatch.setattr(module, name, value)
        yield server


def test_a_dataset_has_the_names_of_its_classes_its_splits_and_its_commit(hub, monkeypatch):
    corpus = Corpus("hf://datasets/ada/reviews", split_column="split")
    given = CorpusInput(corpus)
    frame, location = given.read(), given.found.location
    assert frame["split"].tolist() == ["train"] * 6 + ["test"] * 2
    assert frame["label"].tolist() == ["neg", "pos"] * 3 + ["pos", ""]  # -1 stands for no label
    assert frame["id"].tolist()[-2:] == ["test:0", "test:1"]
    assert location == f"hf://datasets/ada/reviews, commit {COMMIT}"
    assert CorpusInput(corpus).digest == (COMMIT, "commit")
    assert CorpusInput(Corpus("hf://datasets/ada/reviews?split=test")).digest != (COMMIT, "commit")  # other texts
    found = json.loads(CorpusInput(corpus).found.dataset_source().to_json())
    assert (found["path"], found["revision"]) == ("ada/reviews", COMMIT)

    table = open_table(Corpus("hf://datasets/ada/reviews?split=test"))
    assert table.schema.names == ["text", "label"] and table.total == 2

    monkeypatch.setattr(kind, "find_revision", lambda _: "f" * 40)  # a commit since does not count
    assert len(given.read()) == 8 and given.digest == (COMMIT, "commit")
    assert json.loads(given.found.dataset_source().to_json())["revision"] == COMMIT


@pytest.mark.parametrize(
    "address, expected",
    [
        ("hf://datasets/ada/nothing", "the hub has no such dataset, or you lack access"),
        ("hf://datasets/ada/reviews?split=dev", r"Unknown split \"dev\". Should be one of \['train', 'test'\]"),
        ("hf://datasets/ada/reviews?config=large", "BuilderConfig 'large' not found"),
        ("hf://datasets/ada/reviews?subset=large", "expected hf://datasets/owner/name, and .config= and split="),
    ],
)
def test_a_dataset_that_is_not_there_says_what_is(hub, address, expected):
    with pytest.raises(UserError, match=expected):
        open_table(Corpus(address))


def test_a_hub_that_does_not_answer_is_one_line_at_once(hub, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:1")
    corpus = Corpus("hf://datasets/ada/reviews")
    with pytest.raises(UserError, match="the hub does not answer .*HF_HUB_OFFLINE=1"):
        open_table(corpus)
    assert CorpusInput(corpus).digest is None


def test_a_missing_package_is_named_with_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(UserError, match=r"needs datasets: pip install -r requirements-tables.txt"):
        open_table(Corpus("hf://datasets/ada/reviews"))
