"""The processes in which trials run: this one, or several that stay up from trial to trial."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol

from sentiment.search.cores import CORES, Cores, usable_cores
from sentiment.search.loop import always_has_room


class Pool(Protocol):
    """Runs functions concurrently.

    Attributes:
        count: the maximum number of calls at a time.
        here: whether calls run in this process.
        has_room: function of the number of running calls that says whether one more may begin
            (:func:`sentiment.search.loop.run_trials`).
        waited: seconds for which ``has_room`` has blocked.
    """

    count: int
    here: bool
    has_room: Callable[[int], bool]

    @property
    def waited(self) -> float: ...

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """The future of a call. It raises if the worker is lost, which does not affect other calls."""

    def close(self) -> None:
        """End the workers."""


class Workers:
    """Runs functions in ``count`` processes, or in this process if ``count`` is 1; see :class:`Pool`.

    A new process takes seconds to import TensorFlow. Each process is its own pool, so that a process that dies does
    not break the others.

    Args:
        count: the maximum number of calls at a time.
        prepare: function that processes call when they start, so that they are ready for the first trial. If cores are
            shared, only one process is started in advance.
    """

    def __init__(self, count: int, prepare: Callable[[], Any] | None = None) -> None:
        self.count = count
        self.here = count == 1
        shared = os.environ.get(CORES)
        self._cores = Cores(shared) if shared else None
        self.has_room: Callable[[int], bool] = self._cores.has_room if self._cores else always_has_room
        started = [self._start() for _ in range(1 if shared else count)] if prepare and not self.here else []
        if prepare:
            for worker in started:
                worker.submit(prepare)
        self._free: list[ProcessPoolExecutor | None] = [*[None] * (count - len(started)), *started]

    @property
    def waited(self) -> float:
        return self._cores.waited if self._cores else 0.0

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """The future of a call; at most ``count`` run at a time.

        It raises :class:`BrokenProcessPool` if its process dies, which is then replaced.
        """
        if self.here:
            return completed_future(function(*arguments))
        worker = self._free.pop() or self._start()
        future = worker.submit(function, *arguments)
        future.add_done_callback(lambda done: self._free.append(None if _is_broken(done) else worker))
        return future

    def close(self) -> None:
        for worker in filter(None, self._free):
            worker.shutdown()

    def _start(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")  # TensorFlow does not survive a fork
        return ProcessPoolExecutor(1, context, initializer=initialize_worker)


def completed_future(result: Any) -> Future[Any]:
    """The future of a call that has ended."""
    future: Future[Any] = Future()
    future.set_result(result)
    return future


def initialize_worker() -> None:
    """Set up a process of trials."""
    threading.Thread(target=_end_with_the_search, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C also reaches the search, which ends its workers
    logging.getLogger("mlflow").setLevel(logging.WARNING)


def _end_with_the_search() -> None:
    """End this process when its search has ended, for whatever reason."""
    if search := multiprocessing.parent_process():
        search.join()
        os._exit(1)


def thread_limits(processes: int) -> dict[str, str]:
    """Environment variables that divide this process's threads evenly among processes, for TensorFlow and BLAS."""
    available = int(os.environ.get("OMP_NUM_THREADS", usable_cores()))
    names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    return dict.fromkeys(names, str(max(1, available // processes)))


def _is_broken(done: Future[Any]) -> bool:
    return isinstance(done.exception(), BrokenProcessPool)
