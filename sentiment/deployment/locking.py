"""Requirements with hashes, and an environment that has exactly them; both by uv."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from sentiment.errors import UserError
from sentiment.paths import PROJECT_ROOT


def write_lock(requirements: Sequence[Path], lock: Path, python: str) -> None:
    """Pin requirements and everything below them, each with the hashes of its files, for Linux.

    Args:
        requirements: files of requirements.
        lock: file to write.
        python: version of Python.

    Raises:
        UserError: they cannot be resolved, or uv is not there.
    """
    # Of what is open, uv keeps the versions that it finds in the file: those that the project is tested with.
    shutil.copyfile(PROJECT_ROOT / "requirements.txt", lock)
    options = ["--generate-hashes", "--no-header", "--no-annotate", "--python-platform", "linux"]
    run_uv("pip", "compile", *map(str, requirements), "-o", str(lock), "--python-version", python, *options)


def make_environment(lock: Path, folder: Path, python: str) -> Path:
    """Install a lock into an empty virtual environment, and return the environment's interpreter.

    Args:
        lock: requirements with hashes.
        folder: where to make the environment.
        python: version of Python, of which an interpreter has to be installed; any patch release will do.

    Raises:
        UserError: there is no such interpreter, or a package cannot be installed.
    """
    run_uv("venv", "--no-python-downloads", "--python", ".".join(python.split(".")[:2]), str(folder))
    interpreter = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    # As the Dockerfile does.
    exact = ["--no-deps", "--require-hashes", "--only-binary", ":all:"]
    run_uv("pip", "install", "--python", str(interpreter), *exact, "-r", str(lock))
    return interpreter


def run_uv(*arguments: str) -> None:
    """Run uv; raise UserError with the end of what it says where it fails or is not installed."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        raise UserError("package needs uv: pip install -r requirements-package.txt")
    process = subprocess.run([uv, "--quiet", *arguments], capture_output=True, text=True)
    if process.returncode:
        raise UserError(f"uv {' '.join(arguments[:2])} failed: {process.stderr.strip()[-1000:]}")
