"""The processes in which trials run: this one, or several that stay up from trial to trial."""

import logging
import multiprocessing
import os
import signal
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from sentiment.search.cores import CORES, Cores


class Workers:
    """Runs functions in ``count`` processes at once, or in this process where ``count`` is 1.

    A process that is started takes seconds to import TensorFlow, which it does once. Each is a pool of its own, so that
    one that dies takes no other with it.

    Args:
        count: how many at most.
        prepare: function that the processes call at once, so that they have begun when the first call comes. Where
            cores are shared only the first process is begun so.

    Attributes:
        count: how many at most.
        has_room: function of the number of calls going: whether one more finds a core (:mod:`sentiment.search.cores`).
        here: whether what is submitted runs in this process.
    """

    def __init__(self, count, prepare=None):
        self.count = count
        self.here = count == 1
        shared = os.environ.get(CORES)
        self.has_room = Cores(shared).has_room if shared else lambda going: True
        begun = [self._start() for _ in range(1 if shared else count)] if prepare and not self.here else []
        for worker in begun:
            worker.submit(prepare)
        self._free = [None] * (count - len(begun)) + begun

    def submit(self, function, *arguments):
        """The future of a call; there is never more than ``count`` of them going.

        It ends in :class:`BrokenProcessPool` where its process dies; another one takes its place.
        """
        if self.here:
            return completed(function(*arguments))
        worker = self._free.pop() or self._start()
        done = worker.submit(function, *arguments)
        done.add_done_callback(lambda done: self._free.append(None if _died(done) else worker))
        return done

    def close(self):
        for worker in filter(None, self._free):
            worker.shutdown()

    def _start(self):
        return ProcessPoolExecutor(
            1,
            multiprocessing.get_context("spawn"),  # TensorFlow does not survive a fork
            initializer=begin,
        )


def completed(result):
    """The future of a call that has ended."""
    future = Future()
    future.set_result(result)
    return future


def begin():
    """What a process of trials does first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the search, which ends its workers
    logging.getLogger("mlflow").setLevel(logging.WARNING)


def _died(done):
    return isinstance(done.exception(), BrokenProcessPool)


def thread_limits(processes):
    """Environment variables that give each of some processes its share of this one's threads, for TensorFlow and BLAS."""
    mine = int(os.environ.get("OMP_NUM_THREADS", os.cpu_count()))
    names = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    return dict.fromkeys(names, str(max(1, mine // processes)))
