"""A chain that is stopped or killed leaves nothing running, marks its runs, and can be resumed."""

import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import suppress

import psutil
import pytest

from tests.conftest import PROJECT, copy_store, create_store, runs, store
from tests.system import forked
from tests.system.processes import (
    SHORT,
    children_of,
    environment,
    files_in,
    forking_environment,
    run_project,
    run_step,
    start_step,
    tracking_server,
    wait_for,
    write_modules,
)

SHOWN = ("pid", "ppid", "status", "cmdline", "num_threads", "cpu_times")
SMALL = ("families=simple", "max_evals=10", "algo=random", *(f"{name}={value}" for name, value in SHORT.items()))
CHAIN = tuple(part for one in SMALL for part in ("-P", one))


def wait_for_end(processes, seconds):
    def left():
        return f"still there: {[process.as_dict(SHOWN) for process in still_alive(processes)]}"

    wait_for(lambda: not still_alive(processes), seconds, left)


@pytest.fixture
def folder(features, tmp_path):
    """A folder in which the first steps of the chain are done already, and its store can be looked at meanwhile."""
    copy_store(features, tmp_path)
    return tmp_path


@pytest.fixture
def empty_folder(tmp_path):
    """A folder whose store is there already, so that it can be looked at while a chain is at work."""
    create_store(tmp_path)
    return tmp_path


class Started:
    """``mlflow run`` in a session of its own, with the processes below it; ``within`` as for :func:`start_step`."""

    def __init__(self, folder, *arguments, within=forking_environment):
        command = ["mlflow", "run", str(PROJECT), "--env-manager", "local", *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        theirs = within(TMPDIR=str(self.temporary))
        self.cli = subprocess.Popen(command, cwd=folder, env=theirs, start_new_session=True, **pipes)

    def mlflow(self):
        return forked.behind(psutil.Process(self.cli.pid))

    def below(self):
        return forked.below(psutil.Process(self.cli.pid))

    def main(self):
        return forked.behind(next(one for one in self.below() if {"steps", "main"} <= set(one.cmdline())))


def trials(folder, *statuses):
    return [run for run in runs(folder) if "trial" in run.data.tags and run.info.status in statuses]


def still_alive(processes):
    return [process for process in processes if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize("how", ["ctrl-c", "SIGTERM to main"])
def test_a_stopped_chain_ends_with_its_children_as_killed(folder, how):
    imported = write_modules(folder)
    # Ctrl-C reaches a process group, and what is forked is in none of ours.
    within = environment if how == "ctrl-c" else forking_environment
    started = Started(folder, *CHAIN, "-P", "parallelism=2", within=within)
    wait_for(lambda: len(trials(folder, "FINISHED")) > 1)
    below = started.below()
    if how == "ctrl-c":
        os.killpg(started.cli.pid, signal.SIGINT)  # as a terminal does
    else:
        started.main().send_signal(signal.SIGTERM)
    output, _ = started.cli.communicate(timeout=60)
    assert "main was stopped. The same command resumes from what has finished." in output
    assert "Traceback" not in output.split("was stopped")[0]  # the rest is MLflow's own
    wait_for_end(below, 60)
    assert files_in(started.temporary) == []
    # mlflow run writes FAILED over it, and is corrected once it has ended.
    wait_for(lambda: runs(folder, "main")[0].info.status == "KILLED", 30)
    left = {(run.data.tags.get("mlflow.project.entryPoint"), run.info.status) for run in runs(folder)}
    assert left <= {
        *((step, "FINISHED") for step in ("ingest", "featurize", "tune", None)),
        *((step, "KILLED") for step in ("main", "tune", "compare", None)),  # compare waits for its models
    }
    assert ("tune", "KILLED") in left and (None, "FINISHED") in left  # a trial has no entry point
    assert not imported.exists()


def test_the_same_command_goes_on_from_the_trials_of_a_killed_chain(empty_folder):
    folder = empty_folder
    started = Started(folder, *CHAIN)
    wait_for(lambda: len(trials(folder, "FINISHED")) > 1)
    below = started.below()
    for process in [*below, started.cli]:  # all at once, as when the machine goes down
        with suppress(psutil.NoSuchProcess):  # a script ends with what it stands for
            process.kill()
    started.cli.communicate(timeout=30)
    done = {run.info.run_id for run in trials(folder, "FINISHED")}
    killed = {run.info.run_id: run for run in runs(folder) if run.info.status == "RUNNING"}
    assert {"main", "tune"} <= {run.data.tags.get("mlflow.project.entryPoint") for run in killed.values()}

    process = run_project(*CHAIN, cwd=folder)
    assert process.returncode == 0, process.stderr[-3000:]
    assert {run.info.status for run in runs(folder) if run.info.run_id in killed} == {"KILLED"}
    outcomes = dict(re.findall(r"^(\w+) +(ran|reused) +\w{32}", process.stdout, re.MULTILINE))
    assert outcomes["ingest"] == outcomes["featurize"] == "reused" and outcomes["simple"] == "ran"
    resumed, *_ = runs(folder, "tune")
    below = children_of(folder, resumed)
    assert len(below) == 10 and {run.data.tags.get("step.reused") for run in below} == done | {None}
    # An undisturbed search comes to the same trials and the same model.
    assert run_step("tune", "--max_evals=10", "--algo=random", cwd=folder).returncode == 0
    undisturbed, *_ = runs(folder, "tune")
    assert undisturbed.data.tags["step.output_digest"] == resumed.data.tags["step.output_digest"]
    again = children_of(folder, undisturbed)
    assert sorted(run.data.metrics["validation_log_loss"] for run in again) == sorted(
        run.data.metrics["validation_log_loss"] for run in below
    )


@pytest.mark.parametrize("victim", ["mlflow run", "main"])
def test_steps_do_not_outlive_a_killed_chain(folder, victim):
    started = Started(folder, *CHAIN)
    wait_for(lambda: trials(folder, "RUNNING"))
    below = started.below()
    (started.mlflow() if victim == "mlflow run" else started.main()).send_signal(signal.SIGKILL)
    wait_for_end(below, 60)
    started.cli.communicate(timeout=30)
    assert runs(folder, "tune")[0].info.status == "KILLED" and not trials(folder, "RUNNING")


def test_a_step_by_hand_is_killed_by_a_signal(folder):
    step = start_step("tune", "--max_evals=100000", cwd=folder, within=forking_environment)
    wait_for(lambda: trials(folder, "FINISHED"))
    step.send_signal(signal.SIGTERM)
    _, stderr = step.communicate(timeout=60)
    assert step.returncode == 128 + signal.SIGTERM
    assert stderr.endswith("tune was stopped. The same command with -P reuse=true resumes from what has finished.\n")
    assert runs(folder, "tune")[0].info.status == "KILLED"
    assert not [run for run in runs(folder) if run.info.status == "RUNNING"]


def test_a_chain_whose_output_nobody_reads_ends(folder):
    chain = start_step("main", *(f"--{one}" for one in SMALL), cwd=folder)
    chain.stdout.readline()
    chain.stdout.close()  # as | head -1 does
    stderr = chain.stderr.read()
    chain.wait(timeout=60)
    assert chain.returncode == 1 and "Traceback" not in stderr and "Exception ignored" not in stderr
    assert "error: the output was closed: its pipe or console is gone\n" in stderr
    assert {run.info.status for run in runs(folder)} <= {"FINISHED", "FAILED", "KILLED"}


def test_a_step_that_fails_ends_the_others(folder):
    both = ("--families=dense,simple", "--max_evals=100000", "--parallelism=2")
    chain = start_step("main", *both, cwd=folder, within=forking_environment)
    wait_for(lambda: {run.data.tags["family"] for run in trials(folder, "FINISHED", "RUNNING")} == {"dense", "simple"})
    below = forked.below(psutil.Process(chain.pid))
    forked.behind(next(one for one in below if "--family=dense" in one.cmdline())).kill()
    _, stderr = chain.communicate(timeout=60)
    assert chain.returncode == 1 and "Traceback" not in stderr
    texts = sum(value for key, value in runs(folder, "ingest")[0].data.metrics.items() if key.startswith("documents_"))
    line = f"error: tune dense was killed from outside at {texts:,.0f} texts, most likely because the memory ran out: "
    assert len([shown for shown in stderr.splitlines() if shown.startswith(line) and "parallelism=1" in shown]) == 1
    wait_for_end(below, 60)
    by_family = {run.data.tags["family"]: run.info.status for run in runs(folder, "tune")}
    assert by_family["simple"] == "KILLED" and not [run for run in runs(folder) if run.info.status == "RUNNING"]


def test_a_server_that_goes_away_ends_a_search_which_goes_on_later(folder):
    asked = "--max_evals=300", "--algo=random", "--reuse=true"
    with tracking_server(folder) as url:
        gone = {"MLFLOW_TRACKING_URI": url, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2"}
        search = start_step("tune", *asked, cwd=folder, within=forking_environment, **gone)
        wait_for(lambda: len(trials(folder, "FINISHED")) > 2)
    _, stderr = search.communicate(timeout=60)
    assert search.returncode == 1 and "Traceback" not in stderr
    assert len(re.findall("^error: the tracking server stopped answering", stderr, re.MULTILINE)) == 1
    done = len(trials(folder, "FINISHED"))
    again = start_step("tune", *asked, cwd=folder, within=forking_environment)
    assert f"resuming from {done} finished trials" in again.stdout.readline() + again.stdout.readline()
    again.kill()
    again.communicate(timeout=30)


def test_a_step_whose_starter_was_killed_before_it_could_look_ends(empty_folder):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with store(empty_folder) as client:
        run_id = client.create_run("0").info.run_id
    started = {"MLFLOW_RUN_ID": run_id, "SENTIMENT_STARTER": str(gone.pid)}
    started["SENTIMENT_STARTERS_FOLDER"] = str(empty_folder)
    command = [sys.executable, "-m", "steps", "ingest"]
    step = subprocess.run(command, cwd=PROJECT, env=environment(**started), capture_output=True, text=True, timeout=60)
    assert (step.returncode, step.stderr) == (1, "the process that started this step has ended\n")
    assert [run.info.status for run in runs(empty_folder)] == ["KILLED"] and not (PROJECT / "mlflow.db").exists()


# A starter that is killed at the moment when the step has found it: the step itself does so here.
STARTER = """
import os, subprocess, sys
os.environ["SENTIMENT_STARTER"] = str(os.getpid())
subprocess.run([sys.executable, "-c", sys.argv[1]])
"""
STEP = """
import os, runpy, signal, sys, time, psutil
found = psutil.Process.parent
def parent(process):
    starter = found(process)
    os.kill(starter.pid, signal.SIGKILL)
    while starter.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    return starter
psutil.Process.parent = parent
sys.argv[1:] = ["ingest"]
runpy.run_module("steps", run_name="__main__")
"""


def test_a_step_whose_starter_is_killed_while_it_looks_ends(empty_folder):
    with store(empty_folder) as client:
        run_id = client.create_run("0").info.run_id
    started = environment(MLFLOW_RUN_ID=run_id, SENTIMENT_STARTERS_FOLDER=str(empty_folder))
    command = [sys.executable, "-c", STARTER, STEP]
    starter = subprocess.run(command, cwd=PROJECT, env=started, capture_output=True, text=True, timeout=60)
    assert (starter.returncode, starter.stderr) == (-signal.SIGKILL, "the process that started this step has ended\n")
    assert [run.info.status for run in runs(empty_folder)] == ["KILLED"] and not (PROJECT / "mlflow.db").exists()


def test_the_first_process_of_a_container_has_no_starter(empty_folder):
    alone = ["unshare", "--pid", "--fork", "--mount-proc"]
    if not shutil.which("unshare") or subprocess.run([*alone, "true"], capture_output=True).returncode:
        pytest.skip("processes cannot be numbered anew here")
    with store(empty_folder) as client:
        run_id = client.create_run("0").info.run_id
    started = environment(MLFLOW_RUN_ID=run_id, MLFLOW_TRACKING_URI=f"sqlite:///{empty_folder}/mlflow.db")
    command = [*alone, sys.executable, "-m", "steps", "ingest", "--corpus=sample"]
    step = subprocess.run(command, cwd=PROJECT, env=started, capture_output=True, text=True, timeout=60)
    assert (step.returncode, step.stderr) == (0, "")
    assert [run.info.status for run in runs(empty_folder)] == ["FINISHED"]
