"""Chains that run at the same moment on one store, a file of this machine or a real tracking server."""

import re
import subprocess

import mlflow
import pandas as pd

from tests.conftest import PROJECT, store
from tests.system.processes import NAIVE_BAYES, files_in, forking_environment, run_project

SMALL = ("families=simple", "max_evals=2", "space=space.yaml")


def two_at_once(folder, *parameters, model="sentiment", **more):
    pairs = (part for one in parameters for part in ("-P", one))
    command = ["mlflow", "run", str(PROJECT), "--env-manager", "local", *pairs]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    started = [subprocess.Popen(command, cwd=folder, env=forking_environment(**more), **pipes) for _ in range(2)]
    outputs = [process.communicate(timeout=300)[0] for process in started]
    for process, output in zip(started, outputs):
        assert process.returncode == 0, output[-3000:]
        assert "locked" not in output and f"{model} version 1 is champion" in output
    return "".join(outputs)


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
        assert {run.data.metrics["documents_train"] for run in ingested if run.data.metrics} == {104}
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
    with_password = server.replace("://", "://ada:s3cret@")  # which this server does not ask for
    on_server = {"MLFLOW_TRACKING_URI": with_password, "TMPDIR": str(temporary)}
    printed = two_at_once(folder, "corpus=reviews.csv", *SMALL, **on_server)
    one_champion_and_no_second_version(mlflow.MlflowClient(server))
    # The same commit from a git URL with a token, typed in another folder; MLflow leaves its clone in the usual
    # temporary folder.
    write_inputs(other)
    pairs = (part for one in ("corpus=reviews.csv", *SMALL) for part in ("-P", one))
    repository, _, name = git_url.rpartition("/")
    stands_for = {"GIT_CONFIG_KEY_0": f"url.{repository}/.insteadOf", "GIT_CONFIG_VALUE_0": "https://t0ken@git.test/"}
    third = run_project(
        *pairs,
        cwd=other,
        uri=f"https://t0ken@git.test/{name}",
        MLFLOW_TRACKING_URI=with_password,
        GIT_CONFIG_COUNT="1",
        **stands_for,
    )
    assert third.returncode == 0, third.stderr[-3000:]
    assert third.stdout.count(" reused ") == 5 and " ran " not in third.stdout
    # Neither the password nor the token is in the store, in an artifact, a model or on the console, but for what each
    # of the three mlflow run says itself: what it clones, and where its run and its experiment are.
    lines = (printed + third.stdout + third.stderr).splitlines()
    shown = [line for line in lines if "s3cret" in line or "t0ken" in line]
    mlflows = [line for line in shown if re.search("=== Fetching project|View (run|experiment) ", line)]
    assert shown == mlflows and len(mlflows) <= 3 * 2 + 1
    stored = files_in(tmp_path / "server")
    assert [path for path in stored if any(secret in path.read_bytes() for secret in (b"s3cret", b"t0ken"))] == []
    # The addresses that are printed are the server's.
    (main,) = mlflow.MlflowClient(server).search_runs(["0"], max_results=1)
    page = f"{server}/#/experiments/0/runs/{main.info.run_id}?workflowType=machine_learning"
    assert main.data.tags["mlflow.project.entryPoint"] == "main" and page in third.stdout
    assert f"{server}/#/models/sentiment/versions/1?" in third.stdout and "mlflow ui" not in third.stdout
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
