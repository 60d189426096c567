"""Runs whose process is gone are marked by the next run on the same machine."""

import platform

import psutil
import pytest
from mlflow.tracking._model_registry import utils as model_registry

from sentiment.workflow import process_tag, stopping
from sentiment.workflow.process import open_run
from sentiment.workflow.process_tag import boot_id, machine_digest, pid_namespace, this_process
from sentiment.workflow.stopping import Stop

NOBODY = 2**22 + 1  # no process has an id above the kernel's limit
ENDED = f"{platform.node()} {NOBODY} 1234 {pid_namespace()}"


@pytest.mark.parametrize(
    "process, status",
    [
        (f"{platform.node()} {NOBODY} 1700000000", "KILLED"),
        (f"{platform.node()} {psutil.Process().pid} 1700000000", "KILLED"),  # its id is another process's now
        (this_process(), "RUNNING"),
        (f"elsewhere {NOBODY} 1700000000", "RUNNING"),
        (f"{platform.node()} {NOBODY} 1700000000 {pid_namespace()}".strip(), "KILLED"),
        (f"{platform.node()} {NOBODY} 1700000000 pid:[1]", "RUNNING"),
        (f"{ENDED} {boot_id()} {machine_digest()}", "KILLED"),
        (f"{platform.node()} {psutil.Process().pid} 1 {pid_namespace()} {boot_id()} {machine_digest()}", "KILLED"),
    ],
    ids=[
        "gone",
        "another has its id",
        "alive",
        "on another machine",
        "gone here",
        "in a container of the same name",
        "gone since this boot",
        "another has its id since this boot",
    ],
)
def test_the_next_run_marks_the_runs_of_a_process_that_is_gone(process, status, tracked):
    check_marks(process, status, tracked)


def test_the_run_of_a_live_process_stays_running_when_the_clock_is_set(tracked, monkeypatch):
    process, created = this_process(), psutil.Process.create_time
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: created(self) + 3600)
    check_marks(process, "RUNNING", tracked)


@pytest.mark.parametrize(
    "machine, here, status",
    [("a", "a", "KILLED"), ("a", "b", "RUNNING"), ("-", "-", "RUNNING")],
    ids=["this one before it was started again", "another one of the same name", "any one, since none has an id"],
)
def test_the_run_of_another_boot_is_marked_only_on_the_same_machine(machine, here, status, tracked, monkeypatch):
    monkeypatch.setattr(process_tag, "machine_digest", lambda: here)
    check_marks(f"{ENDED} another-boot {machine}", status, tracked)


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
