"""Trials that are read back from a store."""

import sqlite3
import time
from contextlib import closing

import mlflow
import pytest
from mlflow import MlflowClient

from sentiment.errors import UserError
from sentiment.model.training import ACCURACY, Criterion
from sentiment.runs import child_runs
from sentiment.search.trials import Outcome, TrialRecorder, finished_trials, rank_trials

COPIES = 1_100


def test_all_trials_of_a_large_grid_are_found_again(tracked, tmp_path):
    with mlflow.start_run() as run:
        recorder = TrialRecorder("dense", run)
        recorder.start(1, {"units": 0}, 42).finish()
    add_copies(tmp_path / "mlflow.db", recorder)
    found = finished_trials([tracked.get_run(run.info.run_id)])
    assert len(found) == COPIES + 1 and ((("units", str(COPIES)),), "42") in found


def test_networks_of_the_same_hyperparameters_are_different_trials(tracked):
    with mlflow.start_run() as run:
        recorder = TrialRecorder("dense", run)
        made = [recorder.start(1 + number, {"units": 3}, 42 + number) for number in range(3)]
        for trial in made[:2]:
            trial.finish()
        made[2].prune(3)
    tune_run = tracked.get_run(run.info.run_id)
    units = (("units", "3"),)
    found = {key: trial.info.run_id for key, trial in finished_trials([tune_run], pruned=False).items()}
    assert found == {(units, "42"): made[0].run_id, (units, "43"): made[1].run_id}
    assert finished_trials([tune_run])[units, "44"].info.run_id == made[2].run_id


def test_a_pruned_trial_is_repeated_as_a_pruned_one(tracked):
    with mlflow.start_run() as run:
        recorder = TrialRecorder("dense", run)
        earlier = recorder.start(1, {"units": 3}, 42)
        for epoch, value in ((1, 0.5), (2, 0.25)):
            earlier.log_epoch(epoch, {"val_accuracy": value})
        earlier.prune(2)
        again = recorder.start(1, {"units": 3}, 42)
        found = again.repeat(tracked.get_run(earlier.run_id), {"units": 3}, 5, ACCURACY, 42)
    assert (found.figures, found.curve, found.loss) == (None, (0.5, 0.25), 0.75)
    assert (found.seed, found.epochs) == (42, 5)
    assert tracked.get_run(again.run_id).data.tags["pruned"] == "after epoch 2"


def test_a_finished_trial_is_repeated_with_its_metrics_and_its_curve(tracked):
    log_loss = Criterion("log_loss", lambda labels, probabilities: 0.0, higher_is_better=False)
    with mlflow.start_run() as run:
        recorder = TrialRecorder("dense", run)
        earlier, again = recorder.start(1, {"units": 3}, 42), recorder.start(1, {"units": 3}, 42)
        for epoch, value in ((1, 2.5), (2, 0.5), (3, 1.5)):
            earlier.log_epoch(epoch, {"val_log_loss": value})
        earlier.log_result({"log_loss": 1.5, "accuracy": 0.5}, 2.0)
        earlier.finish()
        found = again.repeat(tracked.get_run(earlier.run_id), {"units": 3}, 3, log_loss, 42)
    figures, curve = {"log_loss": 1.5, "accuracy": 0.5}, tuple(map(log_loss.score, (2.5, 0.5, 1.5)))
    loss = 1 - log_loss.score(1.5)
    assert found == Outcome(again.run_id, "dense-01", {"units": 3}, 3, figures, loss, curve, 2.0, seed=42)
    first, second = (tracked.get_run(trial.run_id) for trial in (earlier, again))
    assert first.data.metrics == second.data.metrics and second.info.status == "FINISHED"
    assert second.data.tags["step.reused"] == earlier.run_id


def test_only_finished_trials_are_taken_over(tracked):
    with mlflow.start_run() as run:
        recorder = TrialRecorder("dense", run)
        recorder.start(1, {"units": 1}, 42).finish()
        recorder.start(2, {"units": 2}, 42).fail(ValueError("no convergence"))
        recorder.start(3, {"units": 3}, 42)
        with mlflow.start_run(nested=True):  # which is no trial
            pass
    assert [params for params, _ in finished_trials([tracked.get_run(run.info.run_id)])] == [(("units", "1"),)]


def test_a_trial_has_its_family_and_the_user_and_the_commit_of_its_search(tracked):
    inherited = {"mlflow.user": "ada", "mlflow.source.git.commit": "a1b2"}
    with mlflow.start_run(tags=inherited | {"featurize_run": "0"}) as run:
        trial = TrialRecorder("dense", tracked.get_run(run.info.run_id)).start(1, {"units": 3}, 42)
    tags = tracked.get_run(trial.run_id).data.tags
    assert (inherited | {"family": "dense"}).items() <= tags.items() and "featurize_run" not in tags


def test_epochs_that_end_shortly_after_one_another_are_logged_together_with_their_times(tracked):
    with mlflow.start_run() as run:
        trial = TrialRecorder("dense", run).start(1, {"units": 3}, 42)
        trial.log_epoch(1, {"val_accuracy": 0.5}, within=60)
        assert tracked.get_metric_history(trial.run_id, "val_accuracy") == []
        trial.log_epoch(2, {"val_accuracy": 0.6})
    logged = tracked.get_metric_history(trial.run_id, "val_accuracy")
    assert [(point.step, point.value) for point in logged] == [(1, 0.5), (2, 0.6)]
    assert all(abs(point.timestamp / 1000 - time.time()) < 60 for point in logged)


def test_the_error_of_a_trial_is_recorded_without_a_password(tracked):
    with mlflow.start_run() as run:
        trial = TrialRecorder("dense", run).start(1, {"units": 3}, 42)
        trial.fail(ValueError("no answer from postgresql://ada:secret@host/shop"))
    found = tracked.get_run(trial.run_id)
    lines = mlflow.artifacts.load_text(f"{found.info.artifact_uri}/traceback.txt")
    assert "ValueError: no answer from" in lines and "secret" not in lines + found.data.tags["error"]


def test_a_perfect_trial_is_the_best():
    trials = [Outcome("", name, {}, 1, {"log_loss": 0.1}, loss) for name, loss in (("good", 0.1), ("perfect", 0.0))]
    assert [trial.name for trial in rank_trials(trials, "dense")] == ["perfect", "good"]


def test_the_first_error_is_told_where_all_trials_failed():
    failed = [Outcome("", "", {}, 1, error=f"UserError: no {number}") for number in (1, 2)]
    with pytest.raises(UserError, match="^all 2 trials of dense failed, the first with no 1 "):
        rank_trials(failed, "dense")


@pytest.mark.parametrize("error", [None, ValueError("no convergence")])
def test_a_trial_is_recorded_in_three_calls_of_the_store(tracked, monkeypatch, error):
    calls = []

    def count(name, call):
        def counted(*arguments, **named):
            calls.append(name)
            return call(*arguments, **named)

        return counted

    for name in ("create_run", "log_batch", "log_metric", "log_param", "set_tag", "set_terminated"):
        monkeypatch.setattr(MlflowClient, name, count(name, getattr(MlflowClient, name)))
    with mlflow.start_run() as run:
        before = len(calls)
        trial = TrialRecorder("dense", run).start(1, {"units": 3}, 42, epochs=2)
        if error:
            trial.fail(error)
        else:
            trial.log_result({"accuracy": 0.5}, 1.5)
            trial.finish()
        assert calls[before:] == ["create_run", "log_batch", "set_terminated"]
    found = tracked.get_run(trial.run_id)
    assert found.data.params == {"units": "3", "epochs": "2"} and "units=3" in found.data.tags["mlflow.note.content"]
    assert found.data.metrics.get("validation_accuracy") == (None if error else 0.5)


def test_a_trial_whose_process_is_lost_keeps_the_run_that_it_has_opened(tracked):
    with mlflow.start_run() as other:
        theirs = TrialRecorder("dense", other).start(3, {"units": 3}, 42)
    with mlflow.start_run() as run:
        recorder = TrialRecorder("dense", run)
        first, second = recorder.start(1, {"units": 3}, 42), recorder.start(2, {"units": 4}, 43)
        for number in (2, 3):  # the third was lost before it had a run
            recorder.recover(number, {"units": 3 + number}, 42, epochs=5).fail(RuntimeError("lost"))
    found = {trial.data.tags["trial"]: trial for trial in child_runs(tracked.get_run(run.info.run_id))}
    assert len(found) == 3 and found["2"].info.run_id == second.run_id
    assert found["1"].info.run_id == first.run_id and found["1"].info.status == "RUNNING"
    for number in "23":
        assert found[number].info.status == "FAILED" and found[number].data.tags["error"] == "RuntimeError: lost"
        assert found[number].info.run_name == f"dense-0{number}" and found[number].data.params["epochs"] == "5"
    assert tracked.get_run(theirs.run_id).info.status == "RUNNING"


def add_copies(database, recorder):
    """Copy the only trial of a store, with ``units`` from 1 on. A call of MLflow for each would take a minute."""
    with closing(sqlite3.connect(database)) as store, store:
        (trial,) = store.execute("SELECT run_uuid FROM tags WHERE key = 'trial'").fetchone()
        for table in ("runs", "tags", "params"):
            columns = [name for _, name, *_ in store.execute(f"PRAGMA table_info({table})")]
            for row in store.execute(f"SELECT * FROM {table} WHERE run_uuid = ?", (trial,)).fetchall():
                copies = [
                    [
                        f"{number:032d}" if name == "run_uuid" else str(number) if value == "0" else value
                        for name, value in zip(columns, row)
                    ]
                    for number in range(1, COPIES + 1)
                ]
                store.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})", copies)
