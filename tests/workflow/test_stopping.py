"""Runs whose process is gone are marked by the next run on the same machine."""

import platform

import psutil
import pytest
from mlflow.tracking._model_registry import utils as model_registry

from sentiment.workflow import stopping
from sentiment.workflow.process import open_run
from sentiment.workflow.stopping import Stop, pid_namespace, this_process

NOBODY = 2**22 + 1  # no process has an id above the kernel's limit


@pytest.mark.parametrize(
    "process, status",
    [
        (f"{platform.node()} {NOBODY} 1700000000", "KILLED"),
        (f"{platform.node()} {psutil.Process().pid} 1700000000", "KILLED"),  # its id is another process's now
        (this_process(), "RUNNING"),
        (f"elsewhere {NOBODY} 1700000000", "RUNNING"),
        (f"{platform.node()} {NOBODY} 1700000000 {pid_namespace()}".strip(), "KILLED"),
        (f"{platform.node()} {NOBODY} 1700000000 pid:[1]", "RUNNING"),
    ],
    ids=["gone", "another has its id", "alive", "on another machine", "gone here", "in a container of the same name"],
)
def test_the_next_run_marks_the_runs_of_a_process_that_is_gone(process, status, tracked):
    check_marks(process, status, tracked)


def test_a_machine_whose_name_is_alike_is_another(tracked, monkeypatch):
    monkeypatch.setattr(platform, "node", lambda: "node_1")  # to LIKE any character
    check_marks(f"node-1 {NOBODY} 1700000000", "RUNNING", tracked)


def check_marks(process, status, tracked):
    main = tracked.create_run("0", tags={"step.process": process})
    child = tracked.create_run("0", tags={"mlflow.parentRunId": main.info.run_id})
    with open_run("ingest", Stop("ingest")):
        pass
    assert {tracked.get_run(run.info.run_id).info.status for run in (main, child)} == {status}


def test_the_run_of_a_stopped_step_is_marked_where_its_spark_has_ended(tracked, monkeypatch):
    def refuse():
        raise ConnectionRefusedError

    monkeypatch.setattr(model_registry, "_get_active_spark_session", refuse)
    monkeypatch.setattr(model_registry, "_registry_uri", None)
    for name in ("MLFLOW_REGISTRY_URI", "MLFLOW_HTTP_REQUEST_MAX_RETRIES"):  # which it sets, as it ends the process
        monkeypatch.setenv(name, "")
    monkeypatch.setattr(stopping, "end_children", lambda but: None)
    stop = Stop("predict")
    stop.run = tracked.create_run("0")
    stop._end()
    assert tracked.get_run(stop.run.info.run_id).info.status == "KILLED"
