"""The project as its benchmarks use it: entry points in processes of their own, what these left, encoded splits."""

import os
import subprocess
import time

import mlflow
from report import PROJECT

from sentiment.features.store import Features
from sentiment.features.writing import write_features
from sentiment.model.text.cleaning import Cleaner
from sentiment.tracking import COMPARISON, ENTRY_POINT
from sentiment.workflow.launch import use_this_python


def command(entry_point, parameters="", project=PROJECT):
    """The command line of an entry point; parameters are such as ``family=simple seed=42``."""
    given = [part for one in parameters.split() for part in ("-P", one)]
    return ["mlflow", "run", str(project), "--env-manager", "local", "-e", entry_point, *given]


def environment():
    """That of such a process: this Python, and not what ``mlflow.set_tracking_uri`` leaves there."""
    use_this_python()
    return {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}


def timed(command, **options):
    """Seconds of a process, and what it printed."""
    started = time.time()
    process = subprocess.run(command, capture_output=True, text=True, **options)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{process.stderr}")
    return time.time() - started, process.stdout


def mlflow_run(folder, entry_point, parameters="", project=PROJECT):
    """:func:`timed` of an entry point in a folder, whose store is the one that is asked from then on."""
    measured = timed(command(entry_point, parameters, project), cwd=folder, env=environment())
    mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    return measured


def find_runs(entry_point):
    """The finished runs of an entry point, the latest first."""
    query = f"attributes.status = 'FINISHED' and tags.`{ENTRY_POINT}` = '{entry_point}'"
    return mlflow.search_runs(search_all_experiments=True, filter_string=query, output_format="list")


def comparison():
    """What the latest compare run found."""
    return mlflow.artifacts.load_dict(f"runs:/{find_runs('compare')[0].info.run_id}/{COMPARISON}")


def encode(parts, folder):
    """The features of splits at the defaults, written into an empty folder."""
    for name in ("features", "dataset"):
        (folder / name).mkdir()
    for name, part in parts.items():
        part.to_parquet(folder / "dataset" / f"{name}.parquet")
    write_features(folder / "features", parts, Cleaner(), 10_000, 0)
    return Features(folder / "features", folder / "dataset")
