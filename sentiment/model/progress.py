"""A progress bar for work that may take long."""

from __future__ import annotations

import sys
from typing import Any

DELAY = 5.0  # seconds before it appears
EVERY = 10.0  # seconds between two lines in a file; on a terminal it moves all the time


def show_progress(name: str, total: int, unit: str) -> Any:
    """A ``tqdm`` bar on stderr, with its rate, of work that takes longer than ``DELAY``."""
    from tqdm import tqdm  # a served model does without it

    every = 0.1 if sys.stderr.isatty() else EVERY
    return tqdm(desc=name, total=total, unit=unit, unit_scale=True, mininterval=every, delay=DELAY, file=sys.stderr)
