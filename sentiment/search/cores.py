"""The cores that the searches of a chain share, trial by trial: a lock file for each."""

import os
import time
from pathlib import Path

from filelock import FileLock, Timeout

CORES = "SENTIMENT_CORES"  # environment variable with the folder of the lock files, set by main
POLL_SECONDS = 0.1


def provide(folder, count):
    """Let the searches that are started from here share ``count`` cores; ``folder`` is to last as long as they do."""
    for number in range(count):
        (Path(folder) / f"core-{number}").touch()
    os.environ[CORES] = str(folder)


class Cores:
    """The part of a search in the cores.

    A search waits for its first core. It takes more while no other search waits for its first one. The locks of a search
    that dies are free again.

    Args:
        folder: what :func:`provide` has filled.
    """

    def __init__(self, folder):
        self._cores = [FileLock(path, thread_local=False) for path in sorted(Path(folder).glob("core-*"))]
        # Held by the search that waits for its first core.
        self._queue = FileLock(Path(folder) / "queue", thread_local=False)

    def has_room(self, going):
        """Whether a core is there for one more trial beside those ``going``; the first one is waited for."""
        held = [core for core in self._cores if core.is_locked]
        if not held:
            with self._queue:
                while not self._take():
                    time.sleep(POLL_SECONDS)
            return True
        if self._somebody_waits():
            if len(held) > max(going, 1):
                held.pop().release()
            return len(held) > going
        return len(held) > going or self._take()

    def _take(self):
        return any(_lock(core) for core in self._cores if not core.is_locked)

    def _somebody_waits(self):
        if _lock(self._queue):
            self._queue.release()
            return False
        return True


def _lock(lock):
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    return True
