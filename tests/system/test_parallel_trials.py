"""Trials side by side, in workers."""

import os
import re
import signal

import psutil
import pytest

from tests.conftest import runs
from tests.system import forked
from tests.system.processes import forking_environment, start_step, trials_of, tune, wait_for
from tests.system.starter import WORKER


def test_a_search_gives_the_same_trials_one_by_one_and_side_by_side(features):
    search = ("--family=dense", "--max_evals=4", "--epochs=2", "--algo=random", "--members=1")
    alone, one_by_one = tune(features, *search, "--parallelism=1")
    together, side_by_side = tune(features, *search, "--parallelism=2")
    assert [trial.data.params for trial in one_by_one] == [trial.data.params for trial in side_by_side]
    assert [trial.data.metrics["validation_accuracy"] for trial in one_by_one] == pytest.approx(
        [trial.data.metrics["validation_accuracy"] for trial in side_by_side], abs=0.02
    )
    assert alone.data.tags["step.fingerprint"] == together.data.tags["step.fingerprint"]
    for trial in side_by_side:
        assert trial.info.status == "FINISHED" and {"loss", "val_accuracy", "train_seconds"} <= set(trial.data.metrics)
    overlapping = [
        (first, second)
        for first, second in zip(side_by_side, side_by_side[1:])
        if second.info.start_time < first.info.end_time
    ]
    assert overlapping


@pytest.fixture
def started(features):
    """Starts a search of ``count`` trials with two workers, and gives it and them once they fit."""
    steps = []
    yield lambda count: with_two_workers(features, count, steps)
    for step in steps:
        step.kill()
        step.communicate()


def with_two_workers(features, count, steps):
    search = ("--family=dense", f"--max_evals={count}", "--epochs=6", "--parallelism=2")
    step = start_step("tune", *search, cwd=features, within=forking_environment)
    steps.append(step)

    def a_trial_is_being_fitted():
        going = [run for run in runs(features, "tune") if run.info.status == "RUNNING"]
        return any(trial.data.metrics for run in going for trial in trials_of(features, run))

    wait_for(a_trial_is_being_fitted)
    children = forked.behind(psutil.Process(step.pid)).children()
    workers = [forked.behind(child) for child in children if WORKER in child.cmdline()]
    assert len(workers) == 2
    return step, workers


def test_ctrl_c_ends_the_workers_and_their_trials(features, started):
    step, workers = started(1000)
    step.send_signal(signal.SIGINT)
    _, stderr = step.communicate(timeout=60)
    assert step.returncode == 130 and "Traceback" not in stderr and "tune was stopped." in stderr
    assert not [worker for worker in workers if worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE]
    run = runs(features, "tune")[0]
    trials = trials_of(features, run)
    assert trials and {trial.info.status for trial in trials} <= {"FINISHED", "KILLED"}
    assert run.info.status == "KILLED"


def test_a_worker_that_is_killed_costs_its_trial(features, started):
    step, workers = started(4)
    os.kill(workers[0].pid, signal.SIGKILL)
    step.communicate(timeout=120)
    assert step.returncode == 0
    trials = trials_of(features, runs(features, "tune")[0])
    failed = [trial for trial in trials if trial.info.status == "FAILED"]
    assert len(trials) == 4 and len(failed) == 1
    assert re.search(r"its process was killed from outside at [\d,]+ texts, most likely", failed[0].data.tags["error"])
    assert {trial.info.status for trial in trials} == {"FAILED", "FINISHED"}
