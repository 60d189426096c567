"""Steps as processes that are forked from one that has made their imports, which are most of what a short step costs.

Everything else is as after ``python -m steps STEP``: a process of its own with its folder, environment, output and exit
status. TensorFlow may be imported before a fork, as long as it has not looked for its devices.
"""

import importlib
import multiprocessing
import os
import subprocess
import sys
import tempfile
from functools import cache
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
STEPS = (
    "approve",
    "compare",
    "featurize",
    "ingest",
    "monitor",
    "predict",
    "register",
    "rollback",
    "serve",
    "train",
    "tune",
)
# What steps import when they come to need it.
LATER = (
    "keras",
    "matplotlib.pyplot",
    "mlflow.pyfunc",
    "mlflow.store.model_registry.sqlalchemy_store",
    "mlflow.store.tracking.sqlalchemy_store",
    "sentiment.workflow.process",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.svm",
    "skops.io",
)


def run(
    step: str, arguments: list[str], cwd: Path, environment: dict[str, str], timeout: float
) -> subprocess.CompletedProcess:
    """Run a step to its end."""
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder, "stdout"), Path(folder, "stderr")
        process = server().Process(target=_become, args=(step, arguments, cwd, environment, files))
        process.start()
        process.join(timeout)
        printed = [file.read_text(encoding="utf-8") for file in files]
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(step, timeout, *printed)
        return subprocess.CompletedProcess([step, *arguments], process.exitcode, *printed)


@cache
def server() -> ForkServerContext:
    """The process that is forked. The first call starts it; it ends with this process."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*(f"steps.{step}" for step in STEPS), *LATER])
    before = dict(os.environ)
    os.environ |= {"PYTHONPATH": str(PROJECT), "TF_CPP_MIN_LOG_LEVEL": "2"}
    try:
        forkserver.ensure_running()
    finally:
        os.environ.clear()
        os.environ.update(before)
    return context


def _become(step: str, arguments: list[str], cwd: Path, environment: dict[str, str], files: tuple[Path, Path]) -> None:
    for file, descriptor in zip(files, (1, 2)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), descriptor)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    sys.argv = [str(PROJECT / "steps" / "__main__.py"), step, *arguments]
    importlib.import_module("steps.__main__").start(step, arguments)
