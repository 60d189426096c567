"""examples/images: pictures through the gate, the audit trail and a server, with one epoch."""

import base64
import io
import os
import re
import signal
import subprocess
import sys
import urllib.request
from importlib.util import find_spec

import mlflow
import pandas as pd
import pytest
import requests
from PIL import Image

from sentiment.registry import promotions
from tests.conftest import PROJECT, create_store, runs, store
from tests.system.processes import environment, free_port, run_project, wait_until

IMAGES = PROJECT / "examples" / "images"


# In a process of its own, since torch does not go with TensorFlow in one: the loser of the comparison asks to replace
# the champion, of which the gate is told that it won another one.
LOSER = """
import mlflow
from sentiment.artifacts import artifacts
from sentiment.registry import gate, promotions
from sentiment.registry.candidate import Candidate
from sentiment.workflow.parameter_groups import GateParameters
champion = promotions.get_champion("digits")
champion.tags["comparison.digest"] = "another"
compared = mlflow.get_run(champion.tags["compare_run"])
row = mlflow.artifacts.load_dict(f"runs:/{compared.info.run_id}/comparison.json")["rows"][1]
with mlflow.start_run():
    print(gate.evaluate(Candidate(row, compared, champion), GateParameters().terms()).reason)
"""


@pytest.fixture(scope="module")
def registered(tmp_path_factory):
    """The folder in which the example ran, and what it printed."""
    missing = [name for name in ("torch", "pytorch_lightning") if not find_spec(name)]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed: examples/images/requirements.txt")
    folder = tmp_path_factory.mktemp("images")
    create_store(folder)
    given = ("-P", "epochs=1", "-P", "gates=accuracy>=0.2", "-P", "tolerance=0.01")  # MLproject declares the first two
    process = run_project(*given, cwd=folder, uri=IMAGES, OMP_NUM_THREADS="1")
    assert process.returncode == 0, process.stderr[-3000:]
    return folder, process.stdout


@pytest.fixture
def comparison(registered):
    with store(registered[0]):
        (compared,) = runs(registered[0], "compare")
        return mlflow.artifacts.load_dict(f"runs:/{compared.info.run_id}/comparison.json")


def test_both_networks_are_logged_and_compared(registered, comparison):
    folder, printed = registered
    fits = {run.data.tags["family"]: run for run in runs(folder, "train")}
    rows = {row["family"]: row for row in comparison["rows"]}
    best = max(rows, key=lambda family: rows[family]["validation_accuracy"])
    assert set(rows) == set(fits) == {"keras", "lightning"} and comparison["winner"] == best
    assert f"{best} wins" in printed
    assert all(row["test_accuracy"] > 0.2 for row in rows.values())  # guessing is right in a tenth
    with store(folder) as client:
        for run in fits.values():
            assert run.data.params["epochs"] == "1" and "optimizer_name" in run.data.params
            for metric in ("loss", "val_loss", "accuracy", "val_accuracy"):
                assert len(client.get_metric_history(run.info.run_id, metric)) == 1
            assert "model_summary.txt" in [file.path for file in client.list_artifacts(run.info.run_id)]


def test_the_gate_and_the_audit_trail_are_those_of_the_library(registered, comparison):
    folder, printed = registered
    assert "digits version 1" in printed and "is champion: there was no champion" in printed
    with store(folder) as client:
        model = client.get_registered_model("digits")
        (promotion,) = promotions.read("digits")
        tags = client.get_model_version("digits", "1").tags
    assert {name: str(version) for name, version in model.aliases.items()} == {"champion": "1"}
    assert promotion.version == "1" and promotion.replaces is None
    assert tags["gate.minimum_accuracy"].startswith("passed: ")
    ours = environment(MLFLOW_TRACKING_URI=f"sqlite:///{folder}/mlflow.db", OMP_NUM_THREADS="1")
    process = subprocess.run(
        [sys.executable, "-c", LOSER], cwd=PROJECT, env=ours, capture_output=True, text=True, timeout=600
    )
    assert process.returncode == 0, process.stderr[-3000:]
    champions, losers = (row["test_accuracy"] for row in comparison["rows"])
    expected = f"test accuracy {losers:.4f} against {champions:.4f} of version 1 on the same 350 documents"
    assert expected in process.stdout


def test_it_is_served_with_an_image_in_the_request(registered, tmp_path):
    folder, _ = registered
    with store(folder) as client:
        (compared,) = runs(folder, "compare")
        test = pd.read_parquet(client.download_artifacts(compared.info.run_id, "test_predictions.parquet")).head(5)
        winner = client.get_model_version("digits", "1").tags["family"]
    port = free_port()
    command = ["mlflow", "models", "serve", "-m", "models:/digits@champion", "--env-manager", "local", "-p", str(port)]
    with open(tmp_path / "log", "wb") as log:
        ours = environment(MLFLOW_TRACKING_URI=f"sqlite:///{folder}/mlflow.db", OMP_NUM_THREADS="1")
        server = subprocess.Popen(command, cwd=tmp_path, env=ours, stdout=log, stderr=log, start_new_session=True)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: urllib.request.urlopen(f"{url}/ping", timeout=5).close(), server, seconds=300)
        answer = requests.post(f"{url}/invocations", json={"inputs": test["text"].tolist()}, timeout=60)
        assert answer.status_code == 200
        predictions = answer.json()["predictions"]
        assert [row["label"] for row in predictions] == test[f"{winner}.label"].tolist()
        assert [row["score"] for row in predictions] == pytest.approx(test[f"{winner}.score"].tolist(), rel=1e-4)
        # A large JPEG in colours, as a camera gives it.
        image = Image.open(io.BytesIO(base64.b64decode(test["text"][0]))).convert("RGB").resize((640, 640))
        image.save(photo := io.BytesIO(), "JPEG")
        sent = [{"text": base64.b64encode(photo.getvalue()).decode()}]
        (row,) = requests.post(f"{url}/invocations", json={"dataframe_records": sent}, timeout=60).json()["predictions"]
        assert row["label"] == predictions[0]["label"]
        for wrong in ("A gem. I laughed all the way home.", "", "aGVsbG8="):
            answer = requests.post(f"{url}/invocations", json={"inputs": [test["text"][0], wrong]}, timeout=60)
            assert answer.status_code == 400 and "row 2: expected a PNG or JPEG image in base64" in answer.text
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait()


def test_its_environment_has_the_versions_of_the_project():
    def pins(file):
        return dict(re.findall(r"^([\w.-]+)==(\S+)", file.read_text(), re.MULTILINE))

    own = pins(IMAGES / "requirements.txt")
    others = pins(PROJECT / "requirements-pipeline.txt") | pins(PROJECT / "requirements.txt")
    assert own == {name: others.get(name, version) for name, version in own.items()}
