"""The DAGs in dags/, run by Airflow in its own environment: ``dag.test()`` on SQLite."""

import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import PROJECT, create_store, runs
from tests.loopback import listen
from tests.system.processes import NAIVE_BAYES, forking_environment

SMALL = {"families": "simple", "max_evals": "1", "space": "space.yaml"}
NO_ALERT = {"psi": "100", "accuracy_drop": "1"}
DAGS = [
    ("etl", {"corpus": "reviews.csv"}),
    ("etl", {"corpus": "reviews.csv"}),
    ("training", {"corpus": "reviews.csv", "more": SMALL}),
    ("training", {"corpus": "reviews.csv", "gates": "latency_ms_p95<=0", "more": SMALL}),
    ("monitoring", {"batch": "turned.csv", "more": NO_ALERT}),
    ("monitoring", {"batch": "turned.csv"}),
    ("monitoring", {"batch": "no such file.csv"}),
]


@contextmanager
def inbox():
    """The address of a receiver of messages, and the list of their titles."""
    titles = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            titles.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["title"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with listen(Receiver) as server:
        yield f"json://127.0.0.1:{server.server_port}/", titles


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The folder in which ``DAGS`` ran, what became of each, and the titles of the messages."""
    airflow = Path(os.environ.get("AIRFLOW_PYTHON", PROJECT / ".venv-airflow" / "bin" / "python"))
    if not airflow.exists():
        pytest.skip("Airflow is not installed: see docs/how-to/schedules.md")
    folder = tmp_path_factory.mktemp("airflow")
    write(folder / "reviews.csv", "film", {"good": "positive", "bad": "negative"})
    write(folder / "turned.csv", "movie", {"good": "negative", "bad": "positive"})
    (folder / "space.yaml").write_text(NAIVE_BAYES)
    create_store(folder)
    with inbox() as (address, titles):
        settings = forking_environment(
            AIRFLOW_HOME=str(folder / "home"),
            AIRFLOW__CORE__LOAD_EXAMPLES="false",
            AIRFLOW__CORE__DAGS_FOLDER=str(PROJECT / "dags"),
            AIRFLOW_VAR_SENTIMENT_NOTIFY=address,
            MLFLOW_TRACKING_URI=f"sqlite:///{folder}/mlflow.db",
            WAREHOUSE_URL=f"sqlite:///{folder}/warehouse.db",
        )
        settings["SENTIMENT_PYTHON"] = shutil.which("python", path=settings["PATH"])
        started = {"cwd": folder, "env": settings, "capture_output": True, "text": True}
        migrated = subprocess.run([airflow, "-m", "airflow", "db", "migrate"], **started)
        assert migrated.returncode == 0, migrated.stderr[-3000:]
        command = [airflow, PROJECT / "tests" / "system" / "run_dags.py", PROJECT / "dags"]
        process = subprocess.run(command, input=json.dumps(DAGS), **started)
    assert process.returncode == 0, process.stderr[-3000:]
    return folder, json.loads(process.stdout.splitlines()[-1]), titles


def write(file, noun, labels):
    rows = [(f"{word} {noun} number {number}", label) for number in range(60) for word, label in labels.items()]
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(file, index=False)


def test_etl_loads_each_text_once_however_often_it_runs(ran):
    folder, found, _ = ran
    assert [run["state"] for run in found[:2]] == ["success", "success"]
    with closing(sqlite3.connect(folder / "warehouse.db")) as warehouse:
        rows = pd.read_sql("SELECT * FROM labelled_texts", warehouse)
    assert list(rows.columns) == ["id", "text", "label", "split", "ingest_run"]
    assert len(rows) == rows["text"].nunique() == 120 and set(rows["split"]) == {"train", "validation", "test"}
    assert rows["ingest_run"].nunique() == 1


def test_training_promotes_a_champion_and_does_not_try_again_what_the_gate_refuses(ran):
    folder, found, titles = ran
    assert [run["tasks"] for run in found[2:4]] == [{"train": "success"}, {"train": "failed"}]
    mains = [run.info.status for run in runs(folder, "main") if "mlflow.parentRunId" not in run.data.tags]
    assert mains[-2:] == ["FAILED", "FINISHED"]
    assert titles.count("training.train failed") == 1


def test_monitoring_tells_of_an_alert_and_trains_again(ran):
    folder, found, titles = ran
    quiet, alert, broken = found[4:]
    assert quiet["state"] == "success" and quiet["tasks"] == {
        "watch": "success",
        "tell": "skipped",
        "retrain": "skipped",
    }
    assert alert["tasks"] == {"watch": "success", "tell": "success", "retrain": "success"}
    assert titles.count("sentiment alerts") == 1
    assert any("retrain" in run.data.params.get("corpus", "") for run in runs(folder, "main"))
    # An error is tried again, and then somebody is told.
    assert broken["tasks"]["watch"] == "failed" and titles.count("monitoring.watch failed") == 1
    failed = [run for run in runs(folder, "monitor") if "no such file.csv" in run.data.params.get("batch", "")]
    assert len(failed) == 3
