"""Finished steps are taken again where nothing that they depend on has changed, and only there."""

import re
import shutil
import zipfile

import mlflow
import nltk
import pandas as pd
import pytest

from sentiment.corpora.reading import corpus_digest
from sentiment.corpora.sources.sample import SAMPLE
from sentiment.workflow.reuse import find_twin
from tests.conftest import PROJECT, run_project, runs, store

CHEAP = ("-P", "families=simple", "-P", "max_evals=1", "-P", "corpus=reviews.csv")


def write_corpus(folder, documents=40, name="reviews.csv"):
    rows = [
        (f"{word} film number {number}", label)
        for number in range(documents)
        for word, label in (("good", "pos"), ("bad", "neg"))
    ]
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(folder / name, index=False)


def main(folder, *more, uri=PROJECT):
    """Run main and return what became of each step: a dict from its name to ``ran`` or ``reused``."""
    process = run_project(*CHEAP, *more, cwd=folder, uri=uri)
    assert process.returncode == 0, process.stderr[-3000:]
    return dict(re.findall(r"^(\w+) +(ran|reused) +\w{32}", process.stdout, re.MULTILINE))


STEPS = ("ingest", "featurize", "simple", "compare", "register")
EVERYTHING_REUSED = dict.fromkeys(STEPS, "reused")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder in which main ran once."""
    folder = tmp_path_factory.mktemp("reuse")
    write_corpus(folder)
    assert main(folder) == dict.fromkeys(STEPS, "ran")
    return folder


def test_nothing_changed_nothing_runs_and_nothing_is_registered_again(folder):
    write_corpus(folder)  # the same content, written anew
    before = len(runs(folder))
    assert main(folder) == EVERYTHING_REUSED
    assert len(runs(folder)) == before + 1
    with store(folder) as client:
        assert len(client.search_model_versions("name='sentiment'")) == 1


def test_an_edited_register_step_runs_alone_and_an_ingest_that_gives_the_same_ends_there(folder, tmp_path):
    copy = tmp_path / "project"
    shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns("__pycache__", ".git", ".venv", "mlruns"))
    for edited, expected in (
        ("steps/register.py", EVERYTHING_REUSED | {"register": "ran"}),
        (
            "sentiment/corpora/profile.py",
            EVERYTHING_REUSED | {"ingest": "ran"},
        ),  # early cutoff: the dataset is the same
    ):
        path = copy / edited
        kept = path.read_text(encoding="utf-8")
        path.write_text(kept + "\n# a word more\n", encoding="utf-8")
        assert main(folder, uri=copy) == expected
        path.write_text(kept, encoding="utf-8")


def test_a_deleted_result_is_made_again_and_nothing_after_it(folder):
    (featurize,) = runs(folder, "featurize")
    shutil.rmtree(f"{featurize.info.artifact_uri.removeprefix('file://')}/features")
    assert main(folder) == EVERYTHING_REUSED | {"featurize": "ran"}


def test_a_text_of_the_test_split_alone_is_compared_anew(folder):
    (ingest, *_) = runs(folder, "ingest")
    test = pd.read_parquet(f"{ingest.info.artifact_uri.removeprefix('file://')}/dataset/test.parquet")
    corpus = pd.read_csv(folder / "reviews.csv")
    corpus.loc[corpus["text"] == test["text"][0], "text"] += " zebra"  # a word that no split knows
    corpus.to_csv(folder / "reviews.csv", index=False)
    assert main(folder) == dict.fromkeys(STEPS, "ran")


@pytest.mark.parametrize("status", ["FAILED", "KILLED", "RUNNING"])
def test_only_a_finished_twin_is_taken(tracked, status):
    with mlflow.start_run():
        tags = {"step.fingerprint": "abc", "mlflow.project.entryPoint": "compare"}
        unfinished = tracked.create_run("0", tags=tags)  # as a process leaves it that is killed before its last line
        tracked.log_dict(unfinished.info.run_id, {}, "comparison.json")
        tracked.update_run(unfinished.info.run_id, status="FINISHED")
        twin = tracked.create_run("0", tags=tags | {"step.output_digest": "def"})
        tracked.log_dict(twin.info.run_id, {}, "comparison.json")
        tracked.update_run(twin.info.run_id, status=status)
        assert find_twin("compare", "abc") is None
        tracked.update_run(twin.info.run_id, status="FINISHED")
        assert find_twin("compare", "abc").info.run_id == twin.info.run_id
        assert find_twin("compare", "abd") is None and find_twin("ingest", "abc") is None


def test_a_corpus_is_digested_by_its_content(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_corpus(tmp_path)
    write_corpus(tmp_path, name="copy.csv")
    write_corpus(tmp_path, name="other.csv", documents=41)
    assert corpus_digest("reviews.csv") == corpus_digest("copy.csv") != corpus_digest("other.csv")
    assert corpus_digest("sample") == corpus_digest(str(SAMPLE))
    assert corpus_digest("missing.csv") is None and corpus_digest("no_such_corpus") is None


def test_an_nltk_corpus_is_digested_zipped_and_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    assert corpus_digest("subjectivity") is None
    unpacked = tmp_path / "corpora" / "subjectivity"
    unpacked.mkdir(parents=True)
    (unpacked / "plot.txt").write_text("a plot")
    first = corpus_digest("subjectivity")
    (unpacked / "plot.txt").write_text("another plot")
    assert first is not None and corpus_digest("subjectivity") not in (None, first)
    with zipfile.ZipFile(tmp_path / "corpora" / "subjectivity.zip", "w") as archive:
        archive.writestr("subjectivity/plot.txt", "a plot")
    assert corpus_digest("subjectivity") is not None
