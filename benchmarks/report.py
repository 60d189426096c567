"""The table of a benchmark, printed and kept beside its script."""

import os
import platform
from pathlib import Path

MACHINE = f"Measured on {os.cpu_count()} cores, Python {platform.python_version()}"


def keep(script, lines):
    """Print Markdown and keep it: ``script`` is the path of the benchmark, whose table has its name."""
    text = "\n".join(lines)
    print(text)
    Path(script).with_suffix(".md").write_text(f"{text}\n", encoding="utf-8")
