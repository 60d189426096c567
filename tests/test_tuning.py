"""A search as a process of its own: with workers, with either tuner, pruned, resumed, over a user's own space."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from tests.conftest import PROJECT, environment, run_step, runs, store


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the features of the sample, short ones."""
    folder = tmp_path_factory.mktemp("tuning")
    assert run_step("ingest", cwd=folder).returncode == 0
    assert run_step("featurize", "--max_length=20", "--vocabulary_size=500", cwd=folder).returncode == 0
    return folder


def tune(folder, *arguments):
    """Run a search and return its run and its trials, the first one first."""
    process = run_step("tune", *arguments, cwd=folder)
    assert process.returncode == 0, process.stderr[-3000:]
    run = runs(folder, "tune")[0]
    return run, trials_of(folder, run)


def trials_of(folder, run):
    below = [trial for trial in runs(folder) if trial.data.tags.get("mlflow.parentRunId") == run.info.run_id]
    return sorted(below, key=lambda trial: int(trial.data.tags["trial"]))


def figures(trials):
    return [(trial.data.params, trial.data.metrics.get("validation_accuracy")) for trial in trials]


def test_a_search_gives_the_same_trials_one_by_one_and_side_by_side(folder):
    search = ("--family=dense", "--max_evals=5", "--epochs=2", "--algo=random")
    alone, one_by_one = tune(folder, *search, "--parallelism=1")
    together, side_by_side = tune(folder, *search, "--parallelism=2")
    assert [params for params, _ in figures(one_by_one)] == [params for params, _ in figures(side_by_side)]
    assert [accuracy for _, accuracy in figures(one_by_one)] == pytest.approx(
        [accuracy for _, accuracy in figures(side_by_side)], abs=0.02
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


def test_keras_tuner_fills_the_same_runs(folder):
    run, trials = tune(
        folder,
        "--family=dense",
        "--tuner=keras_tuner",
        "--algo=hyperband",
        "--max_evals=4",
        "--epochs=3",
        "--prune=false",
        "--parallelism=1",
    )
    assert len(trials) == 4 and {trial.data.params["epochs"] for trial in trials} <= {"1", "2", "3"}
    with store(folder) as client:
        for trial in trials:
            epochs = client.get_metric_history(trial.info.run_id, "val_accuracy")
            assert [metric.step for metric in epochs] == list(range(1, int(trial.data.params["epochs"]) + 1))
    best = max(trial.data.metrics["validation_accuracy"] for trial in trials)
    assert run.data.metrics["validation_accuracy"] == best


def test_a_trial_without_epochs_is_never_pruned(folder):
    run, trials = tune(folder, "--max_evals=15", "--algo=random")
    assert run.data.metrics["pruned_trials"] == 0
    assert all("validation_accuracy" in trial.data.metrics for trial in trials)


def test_a_grid_over_a_space_of_ones_own(folder, tmp_path):
    (tmp_path / "space.yaml").write_text("classifier: multinomial_nb\nalpha: [0.1, 1.0]\nmax_order: [1, 2]\n")
    run, trials = tune(folder, f"--space={tmp_path}/space.yaml", "--algo=grid", "--max_evals=1")
    points = [(trial.data.params["max_order"], trial.data.params["alpha"]) for trial in trials]
    assert points == [("1", "0.1"), ("1", "1.0"), ("2", "0.1"), ("2", "1.0")]
    # The file counts by its content.
    (tmp_path / "same.yaml").write_bytes((tmp_path / "space.yaml").read_bytes())
    again, _ = tune(folder, f"--space={tmp_path}/same.yaml", "--algo=grid", "--max_evals=1", "--reuse=true")
    assert again.data.tags["step.reused"] == run.info.run_id
    (tmp_path / "space.yaml").write_text("alpha: [0.1, 3.0]\n")
    process = run_step("tune", f"--space={tmp_path}/space.yaml", cwd=folder)
    assert process.returncode == 1 and "alpha: [0.1, 3.0] does not fit" in process.stderr
    assert "Traceback" not in process.stderr


def test_a_search_goes_on_from_another_one(folder):
    short, first = tune(folder, "--max_evals=6", "--algo=tpe")
    longer, trials = tune(folder, "--max_evals=9", "--algo=tpe", f"--resume_run={short.info.run_id}")
    assert figures(trials)[:6] == figures(first) and len(trials) == 9
    reused = [trial.data.tags.get("step.reused") for trial in trials]
    assert reused[:6] == [trial.info.run_id for trial in first]
    undisturbed, same = tune(folder, "--max_evals=9", "--algo=tpe")
    assert figures(same) == figures(trials)
    assert undisturbed.data.tags["step.output_digest"] == longer.data.tags["step.output_digest"]
    process = run_step("tune", "--seed=7", f"--resume_run={short.info.run_id}", cwd=folder)
    assert process.returncode == 1 and "had seed=42, and this search has 7: give it the same" in process.stderr


def test_trials_that_fall_behind_are_pruned_and_are_never_the_best(folder):
    search = ("--family=dense", "--max_evals=10", "--epochs=3", "--algo=random", "--parallelism=1")
    run, trials = tune(folder, *search)
    pruned = [trial for trial in trials if "pruned" in trial.data.tags]
    assert pruned and run.data.metrics["pruned_trials"] == len(pruned)
    with store(folder) as client:
        for trial in pruned:
            epochs = len(client.get_metric_history(trial.info.run_id, "val_accuracy"))
            assert (
                trial.info.status == "FINISHED" and trial.data.tags["pruned"] == f"after epoch {epochs}" and epochs < 3
            )
            assert "validation_accuracy" not in trial.data.metrics
    assert run.data.tags["best_trial"] not in [trial.info.run_id for trial in pruned]
    _, whole = tune(folder, *search, "--prune=false")
    assert not [trial for trial in whole if "pruned" in trial.data.tags]


@pytest.fixture
def started(folder):
    """Starts a search of ``count`` trials with two workers, and gives it and them once they fit."""
    steps = []
    yield lambda count: with_two_workers(folder, count, steps)
    for step in steps:
        step.kill()
        step.communicate()


def with_two_workers(folder, count, steps):
    step = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "steps",
            "tune",
            "--family=dense",
            f"--max_evals={count}",
            "--epochs=6",
            "--parallelism=2",
        ],
        cwd=folder,
        env=environment(PYTHONPATH=str(PROJECT)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    steps.append(step)
    deadline = time.time() + 120
    while time.time() < deadline:
        going = [run for run in runs(folder, "tune") if run.info.status == "RUNNING"]
        if any(trial.data.metrics for run in going for trial in trials_of(folder, run)):
            break
        time.sleep(0.2)
    workers = [child for child in psutil.Process(step.pid).children() if "spawn_main" in " ".join(child.cmdline())]
    assert len(workers) == 2
    return step, workers


def test_ctrl_c_ends_the_workers_and_their_trials(folder, started):
    step, workers = started(1000)
    step.send_signal(signal.SIGINT)
    _, stderr = step.communicate(timeout=20)
    assert step.returncode == 130 and "Traceback" not in stderr and "tune was stopped." in stderr
    assert not [worker for worker in workers if worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE]
    run = runs(folder, "tune")[0]
    assert {trial.info.status for trial in trials_of(folder, run)} <= {"FINISHED", "KILLED"}
    assert run.info.status == "KILLED"


def test_a_worker_that_is_killed_costs_its_trial(folder, started):
    step, workers = started(5)
    os.kill(workers[0].pid, signal.SIGKILL)
    step.communicate(timeout=120)
    assert step.returncode == 0
    trials = trials_of(folder, runs(folder, "tune")[0])
    failed = [trial for trial in trials if trial.info.status == "FAILED"]
    assert len(trials) == 5 and len(failed) == 1 and "BrokenProcessPool" in failed[0].data.tags["error"]
    assert {trial.info.status for trial in trials} == {"FAILED", "FINISHED"}
