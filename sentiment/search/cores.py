"""The processor cores that concurrent searches share, trial by trial. Each core has a lock file."""

from __future__ import annotations

import math
import os
import time
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from sentiment.errors import UserError

CORES = "SENTIMENT_CORES"  # environment variable with the folder of the lock files, set by main
POLL_SECONDS = 0.1
CGROUP = Path("/sys/fs/cgroup")


def usable_cores() -> int:
    """The number of cores that this process may use, by its affinity and by the quota of its container.

    The machine may have many more, which ``os.cpu_count`` gives. ``joblib.cpu_count`` counts the
    same, but importing it would add 0.05 s to main's start.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    version_2, version_1 = CGROUP / "cpu.max", [CGROUP / f"cpu/cpu.cfs_{name}_us" for name in ("quota", "period")]
    with suppress(OSError, ValueError):  # there is no such file, or it has no number: max
        given = version_2.read_text().split() if version_2.exists() else [file.read_text() for file in version_1]
        quota, period = map(int, given)
        if quota > 0:  # -1: as much as there is
            cores = min(cores, math.ceil(quota / period))
    return cores


def share_cores(folder: str | Path, count: int) -> None:
    """Let the searches that this process starts share ``count`` cores; ``folder`` must exist as long as they run."""
    for number in range(count):
        (Path(folder) / f"core-{number}").touch()
    are_taken(folder)  # says now where its disk has no locks
    os.environ[CORES] = str(folder)


def are_taken(folder: str | Path) -> bool:
    """Whether searches hold all cores."""
    for path in Path(folder).glob("core-*"):
        if _try_lock(lock := FileLock(path)):
            lock.release()
            return False
    return True


class Cores:
    """The cores that a search holds.

    A search waits for its first core. It takes more as long as no other search waits for its first one. The locks of a
    search that dies are released.

    Args:
        folder: the folder that :func:`share_cores` filled.

    Attributes:
        waited: seconds for which it has waited for its first core.
    """

    def __init__(self, folder: str | Path) -> None:
        self._cores = [FileLock(path, thread_local=False) for path in sorted(Path(folder).glob("core-*"))]
        # Held by the search that is waiting for its first core.
        self._queue = FileLock(Path(folder) / "queue", thread_local=False)
        self.waited = 0.0

    def has_room(self, running: int) -> bool:
        """Whether there is a core for a trial besides ``running`` others. Blocks until there is a first core."""
        held = [core for core in self._cores if core.is_locked]
        if not held:
            started = time.time()
            with self._queue:
                while not self._take_core():
                    time.sleep(POLL_SECONDS)
            self.waited += time.time() - started
            return True
        if self._is_contended():
            if len(held) > max(running, 1):
                held.pop().release()
            return len(held) > running
        return len(held) > running or self._take_core()

    def _take_core(self) -> bool:
        return any(_try_lock(core) for core in self._cores if not core.is_locked)

    def _is_contended(self) -> bool:
        """Whether another search waits for its first core."""
        if _try_lock(self._queue):
            self._queue.release()
            return False
        return True


def _try_lock(lock: FileLock) -> bool:
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    except OSError as error:  # as on NFS without its lock service
        raise UserError(
            f"{lock.lock_file} cannot be locked ({error.strerror}): set TMPDIR to a folder on a disk with locks"
        ) from error
    return True
