"""Placement of a search's trials: in this process, in worker processes on this machine, or on a Spark cluster."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import mlflow

from sentiment.artifacts import artifacts
from sentiment.errors import UserError, optional_package
from sentiment.model.families import get_family
from sentiment.search.cores import usable_cores
from sentiment.search.fitting import prepare
from sentiment.search.loop import LAG
from sentiment.search.workers import Pool, Workers, thread_limits


@dataclass(frozen=True)
class Placement:
    """Where trials run.

    Args:
        workers: runs them; to be closed.
        locate: function of a run's id and an artifact's path: where the workers find the artifact.
        shares_files: whether the workers write files that this process can read.
    """

    workers: Pool
    locate: Callable[[str, str], str]
    shares_files: bool


def place_locally(family: str, parallelism: int, trials: int) -> Placement:
    """Trials on this machine.

    Args:
        family: name of the family.
        parallelism: trials at the same time; 0 for one per core, up to ``LAG`` and half of the trials, since a process
            takes as long to start as a short trial; or one if fits are shorter than that.
        trials: number of trials.
    """
    in_epochs = get_family(family).trains_in_epochs
    default = min(usable_cores(), LAG, math.ceil(trials / 2)) if in_epochs else 1
    processes = min(parallelism or default, trials)
    os.environ |= thread_limits(processes)
    workers = Workers(processes, partial(prepare, family))
    return Placement(workers, lambda run_id, path: str(artifacts(run_id, path)), shares_files=True)


def place_on_spark(parallelism: int, spark_master: str) -> Placement:
    """Trials on a Spark cluster, whose workers read and log through the tracking server.

    Args:
        parallelism: trials at the same time; 0 for all processes of ``local[n]``.
        spark_master: URL of the cluster, ``spark://host:port``, or ``local[n]``.

    Raises:
        UserError: the workers could not log, the number of trials at a time is unknown, or pyspark is missing.
    """
    uri = mlflow.get_tracking_uri()
    if not parallelism and not spark_master.startswith("local"):
        raise UserError(
            "engine=spark on a cluster needs parallelism: say how many trials run at a time, usually the cluster's "
            "number of cores; Spark does not know it until its executors have started"
        )
    if not uri.startswith(("http://", "https://", "databricks")):
        raise UserError(
            f"engine=spark: the workers cannot log to {uri}, a file of this machine; start a tracking server "
            "(mlflow server) and set MLFLOW_TRACKING_URI to its http:// address"
        )
    with optional_package("engine=spark", "pyspark", "requirements-spark.txt"):
        from sentiment.search.spark_workers import SparkWorkers
    workers = SparkWorkers(spark_master, parallelism)
    return Placement(workers, lambda run_id, path: f"runs:/{run_id}/{path}", shares_files=False)
