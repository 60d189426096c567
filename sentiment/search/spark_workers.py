"""Trials as tasks of a Spark cluster."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from sentiment.search.loop import always_has_room
from sentiment.search.spark_calls import SparkCalls


class SparkWorkers:
    """Runs functions on the workers of a Spark cluster; see :class:`sentiment.search.workers.Pool`.

    hyperopt's SparkTrials is not used, because it only supports hyperopt's ``fmin``: no other tuner, no starting point,
    and trials that depend on which one ends first. Also, its tasks do not consume their input, so Spark ends a worker's
    process with each task and the next trial imports TensorFlow again.

    Args:
        master: URL of the cluster, ``spark://host:port``, or ``local[n]`` for n processes on this machine.
        count: calls at a time; 0 for the n of ``local[n]``.

    Raises:
        UserError: Spark does not start.
    """

    here = False

    def __init__(self, master: str, count: int) -> None:
        self._calls = SparkCalls(master, "tune", {"spark.task.maxFailures": "1"})  # a failed task is a failed trial
        self.count = count or self._calls.cores
        self.has_room: Callable[[int], bool] = always_has_room  # a Spark job waits for a free slot by itself
        self.waited = 0.0
        self._threads = ThreadPoolExecutor(self.count)  # each waits for a job

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """The future of a call. It raises RuntimeError if its task fails, which does not affect other calls."""
        return self._threads.submit(self._calls.call, function, *arguments)

    def close(self) -> None:
        self._calls.cancel()  # if the search was given up
        self._threads.shutdown()
        self._calls.close()
