"""A chain that is told to end takes its children with it, says so in its runs, and goes on when it is started again."""

import re
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests.conftest import PROJECT, environment, run_project, runs

CHAIN = ("-P", "families=lstm,simple", "-P", "max_evals=3", "-P", "epochs=3")


def wait_for(condition, seconds=120):
    deadline = time.time() + seconds
    while not condition():
        assert time.time() < deadline, "it did not come to that"
        time.sleep(0.5)


@pytest.fixture
def folder(tmp_path):
    """A folder whose store is there already: two processes that make it at the same time get in each other's way."""
    runs(tmp_path)
    return tmp_path


def trial_is_running(folder, family):
    trials = [run for run in runs(folder) if "trial" in run.data.tags and run.data.tags["family"] == family]
    return any(run.info.status == "RUNNING" for run in trials)


def test_sigterm_ends_main_and_its_children_and_the_same_command_goes_on(folder):
    command = ["mlflow", "run", str(PROJECT), "--env-manager", "local", *CHAIN]
    cli = subprocess.Popen(command, cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True)
    wait_for(lambda: trial_is_running(folder, "lstm"))
    family = psutil.Process(cli.pid).children(recursive=True)
    (main,) = [process for process in family if "steps.main" in process.cmdline() and "bash" not in process.name()]
    main.send_signal(signal.SIGTERM)
    _, stderr = cli.communicate(timeout=60)
    assert not [process for process in family if process.is_running()]
    assert "The same command takes up what has finished" in stderr and "Traceback" not in stderr
    interrupted = [run for run in runs(folder) if run.data.tags.get("family") != "simple"]
    left = {run.data.tags.get("mlflow.project.entryPoint", "trial"): run for run in reversed(interrupted)}
    assert left["trial"].info.status == "KILLED"
    for step in ("main", "tune"):  # KILLED, until MLflow sees the exit status and writes FAILED over it
        assert left[step].info.status in ("KILLED", "FAILED")
        assert left[step].data.tags["error"] == "stopped by a signal"
    assert not [run for run in runs(folder) if run.info.status == "RUNNING"]

    process = run_project("-P", "families=simple", "-P", "max_evals=3", "-P", "epochs=3", cwd=folder)
    assert process.returncode == 0, process.stderr[-3000:]
    outcomes = dict(re.findall(r"^(\w+) +(ran|reused) +\w{32}", process.stdout, re.MULTILINE))
    assert outcomes["ingest"] == outcomes["featurize"] == "reused" and outcomes["compare"] == "ran"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_step_by_hand_is_killed_by_either_signal(folder, number):
    step = subprocess.Popen(
        [sys.executable, "-m", "steps.tune", "--max_evals=100000"],
        cwd=folder,
        env=environment(PYTHONPATH=str(PROJECT)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: trial_is_running(folder, "simple"))
    step.send_signal(number)
    _, stderr = step.communicate(timeout=60)
    assert step.returncode == 130 and "Traceback" not in stderr
    assert runs(folder, "tune")[0].info.status == "KILLED"
    assert not [run for run in runs(folder) if run.info.status == "RUNNING"]
