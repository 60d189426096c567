"""A search ends when the record of a trial cannot be kept."""

from concurrent.futures import Future
from types import SimpleNamespace

import mlflow
import pytest
from mlflow.exceptions import MlflowException

from sentiment.model.training import Training
from sentiment.search.fitting import TrialConfig
from sentiment.search.loop import run_trials
from sentiment.search.runner import TrialRunner
from sentiment.search.trials import Outcome, TrialRecorder, params_key


def runner(worker_error=None, store_error=None, console_error=None):
    """A runner whose worker, store or console fails."""

    def fail(error):
        if store_error:
            raise store_error

    def show(outcome):
        if console_error:
            raise console_error

    def submit(*arguments):
        done = Future()
        if worker_error:
            done.set_exception(worker_error)
        else:
            done.set_result(Outcome("run", "trial", {}, 1, {"accuracy": 1.0}, 0.0))
        return done

    trial = SimpleNamespace(run_id="run", name="trial", fail=fail)
    recorder = SimpleNamespace(recover=lambda number, params, seed, epochs: trial)
    progress = SimpleNamespace(show_trial=show, show_epoch=None)
    workers = SimpleNamespace(submit=submit, here=True)
    config = TrialConfig("simple", "", "", Training(), "")
    return TrialRunner(config, False, recorder, {}, workers, progress, None, lambda: None)


@pytest.mark.parametrize(
    "failing, expected",
    [
        ({"worker_error": RuntimeError("died"), "store_error": MlflowException("gone")}, MlflowException),
        ({"worker_error": MlflowException("gone")}, MlflowException),
        ({"console_error": BrokenPipeError()}, BrokenPipeError),
    ],
    ids=["the server is gone", "it is gone for the worker", "nobody reads the console"],
)
def test_what_fails_while_a_trial_is_recorded_ends_the_search(failing, expected):
    engine = SimpleNamespace(ask=lambda: ({}, None), tell=lambda number, loss: None)
    with pytest.raises(expected):
        run_trials(engine, runner(**failing).begin, 3, 1)


def test_a_worker_that_dies_costs_its_trial_alone():
    engine = SimpleNamespace(ask=lambda: ({}, None), tell=lambda number, loss: None)
    outcomes = run_trials(engine, runner(worker_error=RuntimeError("died")).begin, 3, 1)
    assert [outcome.error for outcome in outcomes] == ["RuntimeError: died"] * 3


def test_a_trial_is_repeated_by_one_of_the_same_seed(tracked):
    point = {"units": 64}
    with mlflow.start_run() as run:
        recorder = TrialRecorder("dense", run)
        earlier = recorder.start(3, point, 44)
        earlier.log_epoch(1, {"val_accuracy": 0.5})
        earlier.log_result({"accuracy": 0.5}, 1.0)
        earlier.finish()
    submitted = []

    def submit(*arguments):
        submitted.append(arguments)
        return Future()

    progress, workers = SimpleNamespace(show_trial=lambda outcome: None), SimpleNamespace(here=False, submit=submit)
    config = TrialConfig("dense", "", "", Training(seed=42, epochs=3), "")
    found = {(params_key(point, epochs), "44"): tracked.get_run(earlier.run_id) for epochs in (None, 4)}
    runner = TrialRunner(config, False, recorder, found, workers, progress, None, lambda: None)
    outcome = runner.begin(3, point, None, []).result()
    tags = tracked.get_run(outcome.run_id).data.tags
    assert outcome.seed == 44 and tags["seed"] == "44" and tags["step.reused"] == earlier.run_id
    assert outcome.epochs == 3 and runner.begin(3, point, 4, []).result().epochs == 4
    runner.begin(2, point, None, [])
    assert len(submitted) == 1  # another network of the same hyperparameters
