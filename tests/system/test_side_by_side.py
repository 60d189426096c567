"""Chains that run at the same moment on one store, a file of this machine or a real tracking server."""

import subprocess

import mlflow
import pandas as pd

from tests.conftest import PROJECT, store
from tests.system.processes import NAIVE_BAYES, environment, files_in, run_project

SMALL = ("families=simple", "max_evals=2", "space=space.yaml")


def two_at_once(folder, *parameters, model="sentiment", **more):
    pairs = (part for one in parameters for part in ("-P", one))
    command = ["mlflow", "run", str(PROJECT), "--env-manager", "local", *pairs]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    started = [subprocess.Popen(command, cwd=folder, env=environment(**more), **pipes) for _ in range(2)]
    outputs = [process.communicate(timeout=300)[0] for process in started]
    for process, output in zip(started, outputs):
        assert process.returncode == 0, output[-3000:]
        assert "locked" not in output and f"{model} version 1 is champion" in output


def one_champion_and_no_second_version(client, model="sentiment"):
    assert [int(version.version) for version in client.search_model_versions(f"name='{model}'")] == [1]
    assert {alias: int(version) for alias, version in client.get_registered_model(model).aliases.items()} == {
        "champion": 1
    }
    runs = client.search_runs(["0"])
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert len([run for run in runs if run.data.tags.get("mlflow.project.entryPoint") == "main"]) == 2


def test_two_chains_on_one_sqlite_store(tmp_path):
    """Of an unstratified corpus with three classes, whose path and whose store are relative to the caller."""
    words = ("awful", "fine", "great")
    rows = [(f"{word} film number {number}", word) for number in range(60) for word in words]
    pd.DataFrame(rows, columns=["review", "stars"]).to_json(tmp_path / "my reviews.jsonl", orient="records", lines=True)
    (tmp_path / "space.yaml").write_text(NAIVE_BAYES)
    corpus = ("corpus=my reviews.jsonl", "text_column=review", "label_column=stars", "stratify=false")
    more = ("stemming=porter", "registered_model=stars")
    with store(tmp_path) as client:
        client.search_experiments()  # MLflow's own set-up of a new store is not made for two at once
        two_at_once(tmp_path, *SMALL, *corpus, *more, model="stars", MLFLOW_TRACKING_URI="sqlite:///mlflow.db")
        one_champion_and_no_second_version(client, "stars")
        ingested = client.search_runs(["0"], "tags.`mlflow.project.entryPoint` = 'ingest'")
        # One that found the other's result has no figures of its own.
        assert {run.data.metrics["documents_train"] for run in ingested if run.data.metrics} == {115}
        answer = mlflow.pyfunc.load_model("models:/stars@champion").predict(["a great film", "an awful film"])
    assert answer["label"].tolist() == ["great", "awful"]


def write_inputs(folder):
    """A small corpus of the sample's classes and a small space."""
    words = {"good": "positive", "bad": "negative"}
    rows = [(f"{word} film number {number}", label) for number in range(60) for word, label in words.items()]
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(folder / "reviews.csv", index=False)
    (folder / "space.yaml").write_text(NAIVE_BAYES)


def test_two_chains_on_one_tracking_server_and_a_third_from_elsewhere_reuses_them(server, tmp_path, git_url):
    folder, temporary, other = tmp_path / "caller", tmp_path / "temporary", tmp_path / "elsewhere"
    for each in (folder, temporary, other):
        each.mkdir()
    write_inputs(folder)
    on_server = {"MLFLOW_TRACKING_URI": server, "TMPDIR": str(temporary)}
    two_at_once(folder, "corpus=reviews.csv", *SMALL, **on_server)
    one_champion_and_no_second_version(mlflow.MlflowClient(server))
    # The same commit from a git URL, typed in another folder; MLflow leaves its clone in the usual temporary folder.
    write_inputs(other)
    pairs = (part for one in ("corpus=reviews.csv", *SMALL) for part in ("-P", one))
    third = run_project(*pairs, cwd=other, uri=git_url, MLFLOW_TRACKING_URI=server)  # MLflow leaves its clone in TMPDIR
    assert third.returncode == 0, third.stderr[-3000:]
    assert third.stdout.count(" reused ") == 5 and " ran " not in third.stdout
    # The server keeps the artifacts, and nothing is left on the callers' disk.
    assert files_in(temporary) == []
    for each in (folder, other):
        assert sorted(path.name for path in each.iterdir()) == ["reviews.csv", "space.yaml"]
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(server)
    try:
        answer = mlflow.pyfunc.load_model("models:/sentiment@champion").predict(["A gem.", "Awful."])
    finally:
        mlflow.set_tracking_uri(before)
    assert set(answer["label"]) <= {"negative", "positive"}
