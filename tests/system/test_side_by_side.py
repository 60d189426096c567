"""Chains that run at the same moment on one store, a file of this machine or a real tracking server."""

import subprocess

import mlflow
import pandas as pd

from tests.conftest import PROJECT, store
from tests.system.processes import NAIVE_BAYES, environment, files_in

SMALL = ("corpus=reviews.csv", "families=simple", "max_evals=2", "space=space.yaml")
CHAIN = ["mlflow", "run", str(PROJECT), "--env-manager", "local", *(part for one in SMALL for part in ("-P", one))]


def write_inputs(folder):
    """A small corpus and a small space, whose paths are relative to the caller."""
    words = {"good": "positive", "bad": "negative"}
    rows = [(f"{word} film number {number}", label) for number in range(60) for word, label in words.items()]
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(folder / "reviews.csv", index=False)
    (folder / "space.yaml").write_text(NAIVE_BAYES)


def three_at_once(folder, **more):
    write_inputs(folder)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    started = [subprocess.Popen(CHAIN, cwd=folder, env=environment(**more), **pipes) for _ in range(3)]
    outputs = [process.communicate(timeout=300)[0] for process in started]
    for process, output in zip(started, outputs):
        assert process.returncode == 0, output[-3000:]
        assert "locked" not in output and "sentiment version 1 is champion" in output


def one_champion_and_no_second_version(client):
    assert [version.version for version in client.search_model_versions("name='sentiment'")] in (["1"], [1])
    assert {alias: int(version) for alias, version in client.get_registered_model("sentiment").aliases.items()} == {
        "champion": 1
    }
    runs = client.search_runs(["0"])
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert len([run for run in runs if run.data.tags.get("mlflow.project.entryPoint") == "main"]) == 3


def test_three_chains_on_one_sqlite_store(tmp_path):
    with store(tmp_path) as client:
        client.search_experiments()  # MLflow's own set-up of a new store is not made for three at once
        three_at_once(tmp_path)
        one_champion_and_no_second_version(client)


def test_three_chains_on_one_tracking_server_and_a_fourth_from_elsewhere_reuses_them(server, tmp_path, git_url):
    folder, temporary, other = tmp_path / "caller", tmp_path / "temporary", tmp_path / "elsewhere"
    for each in (folder, temporary, other):
        each.mkdir()
    three_at_once(folder, MLFLOW_TRACKING_URI=server, TMPDIR=str(temporary))
    one_champion_and_no_second_version(mlflow.MlflowClient(server))
    # The same commit from a git URL, typed in another folder.
    write_inputs(other)
    command = ["mlflow", "run", git_url, *CHAIN[3:]]
    fourth = subprocess.run(
        command, cwd=other, env=environment(MLFLOW_TRACKING_URI=server), capture_output=True, text=True, timeout=300
    )
    assert fourth.returncode == 0, fourth.stderr[-3000:]
    assert fourth.stdout.count(" reused ") == 5 and " ran " not in fourth.stdout
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
