"""Batches of texts on the workers of a Spark cluster."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from sentiment.errors import UserError
from sentiment.search.spark_calls import SparkCalls

AHEAD = 2  # batches per core, one of them in transit
MOST_AHEAD = 256  # each has a thread that waits for it


class SparkMap:
    """Calls functions with batches on a cluster; see :class:`sentiment.batches.Mapper`.

    Spark retries a task that fails. Batches are sent, and results kept, as far ahead as it takes to keep the cluster
    busy.

    Args:
        master: URL of the cluster, ``spark://host:port``, or ``local[n]`` for n processes on this machine.
        step: the step that uses it.

    Raises:
        UserError: Spark does not start; during iteration: a task fails repeatedly.
    """

    def __init__(self, master: str, step: str) -> None:
        self._calls = SparkCalls(master, step, {})
        self._threads = ThreadPoolExecutor(MOST_AHEAD)

    def __call__(self, function: Callable[[Any], Any], batches: Iterable[Any], /) -> Iterator[Any]:
        ahead: deque[Future[Any]] = deque()
        for batch in batches:
            ahead.append(self._threads.submit(self._calls.call, function, batch))
            # A cluster's cores become known as its executors start.
            while len(ahead) >= min(AHEAD * self._calls.cores, MOST_AHEAD):
                yield _result(ahead.popleft())
        while ahead:
            yield _result(ahead.popleft())

    def close(self) -> None:
        self._calls.cancel()  # those of a step that failed
        self._threads.shutdown()
        self._calls.close()


def _result(call: Future[Any]) -> Any:
    try:
        return call.result()
    except RuntimeError as error:
        raise UserError(f"engine=spark: a batch of texts cannot be processed: {error}") from error
