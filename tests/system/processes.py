"""Starting the project's processes, and waiting for them."""

import io
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, TypeVar
from unittest import mock

import pytest
from mlflow.entities import Run

from sentiment.workflow.process import run_entry_point
from sentiment.workflow.stopping import Stop
from tests.conftest import PROJECT, create_store, runs, store
from tests.system import forked

T = TypeVar("T")
Process = subprocess.CompletedProcess
# A space of the family simple whose trials take no time, and the shortest search of it.
NAIVE_BAYES = "classifier: multinomial_nb\n"
FAST_SEARCH = ["tune", "--max_evals=1", "--space=space.yaml"]
# Short features.
SHORT = {"max_length": 20, "vocabulary_size": 500}
ON_SPARK = ("--engine=spark", "--spark_master=local[2]")
needs_spark = pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java, which is not installed here")
SMALL_CHAIN = ("-P", "max_evals=2", "-P", "epochs=2", "-P", "max_length=60", "-P", "parallelism=1")


def environment(**more: str) -> dict[str, str]:
    """The environment of a user who has activated the project's environment and set nothing of MLflow's."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    ours.pop("PYTHONDONTWRITEBYTECODE", None)  # without bytecode every process compiles TensorFlow's sources again
    path = os.pathsep.join([str(Path(sys.executable).parent), ours["PATH"]])
    return ours | {"PATH": path} | more


def forking_environment(**more: str) -> dict[str, str]:
    """The same, except that steps are forked (:mod:`tests.system.forked`), where pytest has servers for that."""
    theirs = environment(**more)
    if forked.servers:
        theirs["PATH"] = os.pathsep.join([str(forked.servers.scripts(environment())), theirs["PATH"]])
    return theirs


def run_project(*arguments: str, cwd: Path, uri: str | Path = PROJECT, **more: str) -> Process:
    """``mlflow run URI --env-manager local ARGUMENTS``, in a folder."""
    command = ["mlflow", "run", str(uri), "--env-manager", "local", *arguments]
    env = forking_environment(**more)
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=600)


def run_step(step: str, *arguments: str, cwd: Path, project: Path = PROJECT, **more: str) -> Process:
    """``python -m steps STEP ARGUMENTS`` in a folder, started by hand: without the time that ``mlflow run`` takes."""
    env = forking_environment(PYTHONPATH=str(project), **more)
    if "MLFLOW_TRACKING_URI" not in more:
        create_store(cwd)
    command = ["python", "-m", "steps", step, *arguments]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=600)


def run_here(step: str, *arguments: str, cwd: Path, **more: str) -> Process:
    """The same in this process, for a step that refuses what it is given: nothing is left of it but its line."""
    printed, said = io.StringIO(), io.StringIO()
    with store(cwd), mock.patch.dict(os.environ, more), redirect_stdout(printed), redirect_stderr(said):
        try:
            status = run_entry_point(step, list(arguments), Stop(step)) or 0
        except SystemExit as ended:
            status = ended.code
    return Process([step, *arguments], status, printed.getvalue(), said.getvalue())


def run_steps(folder: Path, *steps: list[str], **more: str) -> str:
    """Run steps one after the other, each its name and arguments, and return what the last one printed."""
    for step in steps:
        process = run_step(*step, cwd=folder, **more)
        assert process.returncode == 0, process.stderr[-3000:]
    return process.stdout


def start_step(
    step: str, *arguments: str, cwd: Path, within: Callable[..., dict[str, str]] = environment, **more: str
) -> subprocess.Popen:
    """Start ``python -m steps STEP ARGUMENTS`` and do not wait for it; what it prints is kept, stderr apart.

    ``within`` is :func:`forking_environment` where it may be forked.
    """
    if "MLFLOW_TRACKING_URI" not in more:
        create_store(cwd)
    return subprocess.Popen(
        ["python", "-m", "steps", step, *arguments],
        cwd=cwd,
        env=within(PYTHONPATH=str(PROJECT), **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def predict_elsewhere(folder: Path, uri: str, texts: list[str]) -> dict[str, list]:
    """What a model of a folder's store answers in a process that knows nothing of this project."""
    code = (
        "import json, sys, mlflow, pandas; texts = json.loads(sys.argv[2]);"
        "model = mlflow.pyfunc.load_model(sys.argv[1]);"
        "table = model.predict(pandas.DataFrame({'text': texts})); assert table.equals(model.predict(texts));"
        "print(json.dumps(table.to_dict('list')))"
    )
    process = subprocess.run(
        [sys.executable, "-c", code, uri, json.dumps(texts)],
        cwd=folder,
        env=environment(MLFLOW_TRACKING_URI=f"sqlite:///{folder}/mlflow.db"),
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    return json.loads(process.stdout.splitlines()[-1])


def tune(folder: Path, *arguments: str) -> tuple[Run, list[Run]]:
    """Run a search and return its run and its trials, the first one first."""
    run_steps(folder, ["tune", *arguments])
    run = runs(folder, "tune")[0]
    return run, trials_of(folder, run)


def trials_of(folder: Path, run: Run) -> list[Run]:
    """The trials of a tune run, the first one first."""
    return sorted(children_of(folder, run), key=lambda trial: int(trial.data.tags["trial"]))


def children_of(folder: Path, run: Run) -> list[Run]:
    return [child for child in runs(folder) if child.data.tags.get("mlflow.parentRunId") == run.info.run_id]


def write_modules(folder: Path) -> Path:
    """Have modules in a user's folder that nothing of ours may import, and return the file that one then leaves."""
    imported = folder / "imported"
    for module in ("pickle.py", "mlflow.py"):
        (folder / module).write_text(f"open({str(imported)!r}, 'w')\nraise SystemExit('imported')\n")
    return imported


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(
    condition: Callable[[], T], seconds: float = 120, otherwise: Callable[[], object] = lambda: "it did not happen"
) -> T:
    """Call ``condition`` until its result is true, and return that; fail with ``otherwise()`` when the time is over."""
    deadline = time.time() + seconds
    while True:
        asked = time.thread_time()
        if found := condition():
            return found
        assert time.time() < deadline, otherwise()
        # To look at the runs of a store takes as long: what is waited for has most of the processor.
        time.sleep(max(0.1, 5 * (time.thread_time() - asked)))


def wait_until(answers: Callable[[], T], process: subprocess.Popen, seconds: float = 60) -> T:
    """Call ``answers`` until it raises no OSError; fail when the process ends or the time is over."""
    deadline = time.time() + seconds
    while True:
        assert process.poll() is None, f"{process.args} ended with {process.returncode}"
        try:
            return answers()
        except OSError:
            assert time.time() < deadline, f"{process.args} does not answer after {seconds} s"
            time.sleep(0.1)


@contextmanager
def running(port: int, *command: str | Path, **options: Any) -> Iterator[None]:
    """A server that listens on a port of this machine, to the end of the block; ``options`` are those of Popen."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(command, **quiet | options)
    try:
        wait_until(lambda: socket.create_connection(("127.0.0.1", port), timeout=1).close(), server)
        yield
    finally:
        server.terminate()
        server.wait()


@contextmanager
def object_store() -> Iterator[str]:
    """The address of an S3-compatible store: moto's server."""
    pytest.importorskip("moto.server", reason="moto is not installed: requirements-test.txt")
    port = free_port()
    with running(port, sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def tracking_server(folder: Path, port: int | None = None, **more: str) -> Iterator[str]:
    """The URL of an ``mlflow server`` with SQLite behind it, in a folder that may have one."""
    create_store(folder)
    options = ["--backend-store-uri", "sqlite:///mlflow.db", "--artifacts-destination", str(folder / "artifacts")]
    with start_server(folder, options, port, **more) as url:
        yield url


@contextmanager
def start_server(folder: Path, options: list[str], port: int | None = None, **more: str) -> Iterator[str]:
    """The URL of an ``mlflow server`` with these options, started in a folder."""
    port = port or free_port()
    process = subprocess.Popen(
        ["mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1", *options],
        cwd=folder,
        # Without the server's seven processes for jobs, which nothing here asks for.
        env=forking_environment(MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false", **more),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: urllib.request.urlopen(f"{url}/health", timeout=5), process, seconds=300)
        yield url
    finally:
        process.terminate()
        process.wait()
