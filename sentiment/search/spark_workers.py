"""Trials as tasks of a Spark cluster, one Spark job for each trial."""

from __future__ import annotations

import os
import pickle
import shutil
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from py4j.protocol import Py4JError
from pyspark import SparkFiles, cloudpickle
from pyspark.errors import PySparkException

from sentiment.paths import PROJECT_ROOT
from sentiment.search.loop import always_has_room
from sentiment.search.spark_session import failure_reason, start_session

PROJECT = "project"  # folder of the project's files on a worker


class SparkWorkers:
    """Runs functions on the workers of a Spark cluster; see :class:`sentiment.search.workers.Pool`.

    The workers need the pinned requirements; the project's code is sent to them. hyperopt's SparkTrials is not used,
    because it only supports hyperopt's ``fmin``: no other tuner, no starting point, and trials that depend on which one
    ends first. Besides, its tasks do not consume their input, so that Spark ends a worker's process with each task and
    the next trial imports TensorFlow again.

    Args:
        master: URL of the cluster, ``spark://host:port``, or ``local[n]`` for n processes on this machine.
        count: calls at a time; 0 for the n of ``local[n]``.

    Raises:
        UserError: Spark does not start.
    """

    here = False

    def __init__(self, master: str, count: int) -> None:
        settings = {"spark.task.maxFailures": "1"}  # a failed task is a failed trial
        self._context = start_session(master, "tune", settings).sparkContext
        self.count = count or self._context.defaultParallelism
        self.has_room: Callable[[int], bool] = always_has_room  # a Spark job waits for a free slot by itself
        self._folder = tempfile.TemporaryDirectory()  # from which the workers fetch the project
        self._context.addArchive(f"{_make_archive(Path(self._folder.name))}#{PROJECT}")
        cloudpickle.register_pickle_by_value(sys.modules[__name__])  # a worker needs this module before the project
        self._threads = ThreadPoolExecutor(self.count)  # each waits for a job

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """The future of a call. It raises RuntimeError if its task fails, which does not affect other calls."""
        return self._threads.submit(self._run, cloudpickle.dumps((function, arguments)))

    def close(self) -> None:
        self._context.cancelAllJobs()  # those of a search that was given up
        self._threads.shutdown()
        self._context.stop()
        self._folder.cleanup()

    def _run(self, call: bytes) -> Any:
        try:
            return self._context.parallelize([call], 1).map(_run_on_worker).collect()[0]
        except (Py4JError, PySparkException) as error:
            raise RuntimeError(f"its Spark task failed: {failure_reason(error)}") from error


def _run_on_worker(call: bytes) -> Any:
    """Run a pickled function with its arguments."""
    project = SparkFiles.get(PROJECT)
    if project not in sys.path:
        sys.path.insert(0, project)
        tempfile.tempdir = SparkFiles.getRootDirectory()  # Spark cleans it up
    from sentiment.search.workers import initialize_worker, thread_limits

    initialize_worker()
    os.environ |= thread_limits(1)  # Spark has set OMP_NUM_THREADS to the cores of a task
    function, arguments = pickle.loads(call)
    return function(*arguments)


def _make_archive(folder: Path) -> str:
    """A zip file of those files of the project that trials need."""
    files = folder / PROJECT
    for name in ("steps", "sentiment"):
        shutil.copytree(PROJECT_ROOT / name, files / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("MLproject", "requirements.txt"):
        shutil.copy(PROJECT_ROOT / name, files)
    return shutil.make_archive(str(files), "zip", files)
