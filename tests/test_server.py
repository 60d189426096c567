"""The chain against a real tracking server, which keeps the artifacts too."""

import os
import signal
import subprocess
import urllib.request

import mlflow
import pytest

from tests.conftest import environment, free_port, run_project, wait_until


@pytest.fixture
def server(tmp_path):
    """The URL of an ``mlflow server`` with SQLite behind it."""
    folder = tmp_path / "server"
    folder.mkdir()
    port = free_port()
    command = ["mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    process = subprocess.Popen(
        [*command, "--backend-store-uri", "sqlite:///mlflow.db", "--artifacts-destination", str(folder / "artifacts")],
        cwd=folder,
        env=environment(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    wait_until(lambda: urllib.request.urlopen(f"{url}/health", timeout=5), process, seconds=120)
    yield url
    os.killpg(process.pid, signal.SIGTERM)
    process.wait()


def test_chain_on_a_tracking_server_leaves_nothing_in_the_callers_folder(server, tmp_path):
    caller = tmp_path / "caller"
    caller.mkdir()
    process = run_project(*("-P", "families=simple", "-P", "max_evals=2"), cwd=caller, MLFLOW_TRACKING_URI=server)
    assert process.returncode == 0, process.stderr[-3000:]
    assert list(caller.iterdir()) == []
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(server)
    try:
        answer = mlflow.pyfunc.load_model("models:/sentiment@champion").predict(["A gem.", "Awful."])
    finally:
        mlflow.set_tracking_uri(before)
    assert set(answer["label"]) <= {"negative", "positive"}
