"""Where the project is, which this puts on the path, and the table of a benchmark: printed, and kept beside it."""

import os
import platform
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

MACHINE = f"Measured on {os.cpu_count()} cores, Python {platform.python_version()}"


def keep(script, lines):
    """Print Markdown and keep it: ``script`` is the path of the benchmark, whose table has its name."""
    text = "\n".join(lines)
    print(text)
    Path(script).with_suffix(".md").write_text(f"{text}\n", encoding="utf-8")
