"""Calls of the project's functions on the workers of a Spark cluster, each a Spark job with one task."""

from __future__ import annotations

import os
import pickle
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from pyspark import SparkFiles, cloudpickle

from sentiment.paths import PROJECT_ROOT
from sentiment.search.spark_session import FAILURES, failure_reason, start_session, stop_session

PROJECT = "project"  # folder of the project's files on a worker


class SparkCalls:
    """A session whose workers have the project's code, which is sent to them; they need the pinned requirements.

    Args:
        master: URL of the cluster, ``spark://host:port``, or ``local[n]`` for n processes on this machine.
        step: the step that uses it.
        settings: Spark's settings.

    Raises:
        UserError: Spark does not start.
    """

    def __init__(self, master: str, step: str, settings: dict[str, str]) -> None:
        self._session = start_session(master, step, settings)
        self._context = self._session.sparkContext
        self._folder = tempfile.TemporaryDirectory()  # from which the workers fetch the project
        self._context.addArchive(f"{_make_archive(Path(self._folder.name))}#{PROJECT}")
        cloudpickle.register_pickle_by_value(sys.modules[__name__])  # a worker needs this module before the project

    @property
    def cores(self) -> int:
        """The n of ``local[n]``; on a cluster the cores of the executors that have started, at least 2."""
        return self._context.defaultParallelism

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run a call on a worker and return its result; to be called in several threads at once.

        Raises:
            RuntimeError: its task failed, which does not affect other calls.
        """
        try:
            call = cloudpickle.dumps((function, arguments))
            return self._context.parallelize([call], 1).map(_run_on_worker).collect()[0]
        except FAILURES as error:
            raise RuntimeError(f"its Spark task failed: {failure_reason(error)}") from error

    def cancel(self) -> None:
        """Let the calls that have not returned fail."""
        with suppress(ConnectionError):  # the JVM has ended, and the calls with it
            self._context.cancelAllJobs()

    def close(self) -> None:
        stop_session(self._session)
        self._folder.cleanup()


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
    """A zip file of the project's files that the workers need."""
    files = folder / PROJECT
    for name in ("steps", "sentiment"):
        shutil.copytree(PROJECT_ROOT / name, files / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("MLproject", "requirements.txt"):
        shutil.copy(PROJECT_ROOT / name, files)
    return shutil.make_archive(str(files), "zip", files)
