"""Arrays that are computed once and kept in files, for all processes that need them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ...errors import UserError


def load_or_compute(file: Path, compute: Callable[[], np.ndarray]) -> np.ndarray:
    """The array in a file, memory-mapped; it is computed and written if there is none.

    If several processes need it, one computes it and the others wait. The file is written atomically.

    Args:
        file: its path, named after what the array depends on and ending in ``.npy``.
        compute: gives the array.

    Raises:
        UserError: the disk has no locks.
    """
    from filelock import FileLock  # a served model, which keeps nothing, does without it

    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        held = FileLock(file.with_suffix(".lock")).acquire()
    except OSError as error:  # as on NFS without its lock service
        raise UserError(
            f"{file.parent} cannot be locked ({error.strerror}): set XDG_CACHE_HOME to a folder on a disk with locks"
        ) from error
    with held:
        try:
            return np.load(file, mmap_mode="r")
        except (FileNotFoundError, EOFError, ValueError):  # there is none, or a full disk truncated it
            unfinished = file.with_suffix(".part.npy")
            np.save(unfinished, compute())
            os.replace(unfinished, file)
    return np.load(file, mmap_mode="r")
