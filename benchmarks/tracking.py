"""What a trial costs beside its fit: a search over a function that returns at once.

    python benchmarks/tracking.py            # prints the table and keeps it in benchmarks/tracking.md

Ours is the loop of ``tune`` with a child run a trial, on a SQLite store: in one process, and with two processes for the
trials, as by default on two cores. The store is open in each process, which takes a new process as long as the last
line says. Beside it, one after the other: hyperopt alone; hyperopt with a nested run a trial
through MLflow's fluent API, as tutorials do it; and one ``mlflow.run`` a trial, as in MLflow's own hyperparameter
example.
"""

import gc
import os
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path

import hyperopt
import mlflow
import numpy as np
from report import MACHINE, PROJECT, keep

from sentiment.model.families.lstm import DEFAULTS, SPACE
from sentiment.search.hyperopt_search import HyperoptSearch, from_hyperopt, to_hyperopt
from sentiment.search.loop import run_trials
from sentiment.search.trials import Outcome, TrialRecorder
from sentiment.search.workers import Workers

TRIALS, PROJECT_RUNS, REPEATS = 200, 3, 7
FIGURES = {"accuracy": 0.5, "log_loss": 0.7}


def ours(workers):
    with mlflow.start_run() as parent:
        recorder = TrialRecorder("lstm", parent)

        def begin(number, point, epochs, outcomes):
            return workers.submit(record, mlflow.get_tracking_uri(), recorder, number, point)

        run_trials(HyperoptSearch(SPACE, [DEFAULTS], "tpe", 42), begin, TRIALS, workers.count)


def record(uri, recorder, number, point):
    """What a worker does for a trial beside its fit."""
    mlflow.set_tracking_uri(uri)
    trial = recorder.start(number, point, 42)
    trial.log_result(FIGURES, 0.0)
    trial.finish()
    return Outcome(trial.run_id, trial.name, point, 1, FIGURES, point["dropout"])


def connect(uri):
    """Open the store; returns the seconds that it takes."""
    started = time.time()
    mlflow.set_tracking_uri(uri)
    mlflow.search_experiments()
    return time.time() - started


def bare():
    _hyperopt(lambda sample: sample["dropout"])


def nested():
    def objective(sample):
        with mlflow.start_run(nested=True):
            mlflow.log_params(from_hyperopt(SPACE, sample))
            mlflow.log_metrics({f"validation_{name}": value for name, value in FIGURES.items()})
        return sample["dropout"]

    with mlflow.start_run():
        _hyperopt(objective)


def projects():
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "MLproject").write_text(
            "name: nothing\nentry_points:\n  main:\n    command: python -c 'import mlflow; mlflow.start_run()'\n"
        )
        for _ in range(PROJECT_RUNS):
            mlflow.run(folder, env_manager="local")


def _hyperopt(objective):
    hyperopt.fmin(
        objective,
        to_hyperopt(SPACE),
        algo=hyperopt.tpe.suggest,
        max_evals=TRIALS,
        rstate=np.random.default_rng(42),
        show_progressbar=False,
        verbose=False,
    )


def milliseconds(job, trials, processes=0, opened=None):
    """Milliseconds a trial; each job has an existing store of its own, which is open in all processes.

    ``opened`` is extended by the seconds in which they have opened it.
    """
    with tempfile.TemporaryDirectory() as folder, closing(Workers(processes)) as workers:
        os.chdir(folder)
        uri = f"sqlite:///{folder}/mlflow.db"
        connect(uri)
        opening = [workers.submit(connect, uri) for _ in range(processes)]
        seconds = [future.result() for future in opening]
        if opened is not None:
            opened += seconds
        started = time.time()
        job(workers) if processes else job()
        seconds = time.time() - started
        os.chdir(PROJECT)
    return 1000 * seconds / trials


def main():
    gc.freeze()  # as every step does, once it has made its imports
    jobs = {
        "hyperopt alone": (bare, 0),
        "`tune`'s loop, in one process": (ours, 1),
        "`tune`'s loop, two processes for the trials": (ours, 2),
        "hyperopt, a nested run a trial": (nested, 0),
    }
    measured, opened = {name: [] for name in jobs}, []
    for _ in range(REPEATS):
        for name, (job, processes) in jobs.items():
            measured[name].append(milliseconds(job, TRIALS, processes, opened if processes == 2 else None))
    cost = {name: statistics.median(values) for name, values in measured.items()}
    cost["one `mlflow.run` a trial"] = milliseconds(projects, PROJECT_RUNS)
    alone = cost["hyperopt alone"]
    lines = [
        "# The cost of tracking a trial",
        "",
        f"{MACHINE}; {TRIALS} trials, medians of {REPEATS} searches, {PROJECT_RUNS} project runs.",
        "",
        "| search | ms a trial | more than hyperopt alone |",
        "|---|---|---|",
        *(f"| {name} | {value:.1f} | {value - alone:.1f} |" for name, value in cost.items()),
        "",
        f"To open the store takes a new process {statistics.median(opened):.2f} s, once.",
    ]
    keep(__file__, lines)


if __name__ == "__main__":
    main()
