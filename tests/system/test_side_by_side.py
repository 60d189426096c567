"""Chains that run at the same moment on one store."""

import subprocess

import mlflow

from tests.conftest import PROJECT, environment, store

CHAIN = ["mlflow", "run", str(PROJECT), "--env-manager", "local", "-P", "families=simple", "-P", "max_evals=2"]


def three_at_once(folder, **more):
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
    folder = tmp_path / "caller"
    folder.mkdir()
    three_at_once(folder, MLFLOW_TRACKING_URI=server)
    one_champion_and_no_second_version(mlflow.MlflowClient(server))
    # The same commit from a git URL, typed in another folder.
    other = tmp_path / "elsewhere"
    other.mkdir()
    command = ["mlflow", "run", git_url, *CHAIN[3:]]
    fourth = subprocess.run(
        command, cwd=other, env=environment(MLFLOW_TRACKING_URI=server), capture_output=True, text=True, timeout=300
    )
    assert fourth.returncode == 0, fourth.stderr[-3000:]
    assert fourth.stdout.count(" reused ") == 5 and " ran " not in fourth.stdout
    assert list(other.iterdir()) == []
