"""A real store, real processes: what several tests stand on."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import mlflow
import nltk
import pytest

PROJECT = Path(__file__).resolve().parents[1]


def environment(**more):
    """The environment of a user who has activated the project's environment and set nothing of MLflow's."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    path = os.pathsep.join([str(Path(sys.executable).parent), ours["PATH"]])
    return ours | {"PATH": path} | more


def run_project(*arguments, cwd, uri=PROJECT, **more):
    """``mlflow run URI --env-manager local ARGUMENTS``, as a process, in a folder of its own."""
    command = ["mlflow", "run", str(uri), "--env-manager", "local", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment(**more), capture_output=True, text=True, timeout=600)


def run_step(step, *arguments, cwd, **more):
    """``python -m steps STEP ARGUMENTS`` started by hand: the same code without the time that ``mlflow run`` takes."""
    return subprocess.run(
        [sys.executable, "-m", "steps", step, *arguments],
        cwd=cwd,
        env=environment(PYTHONPATH=str(PROJECT), **more),
        capture_output=True,
        text=True,
        timeout=600,
    )


def runs(folder, entry_point=None, **attributes):
    """The runs in a folder's mlflow.db, the latest first, of one entry point if it is named."""
    with store(folder):
        found = mlflow.search_runs(search_all_experiments=True, output_format="list")
    if entry_point:
        found = [run for run in found if run.data.tags.get("mlflow.project.entryPoint") == entry_point]
    return found


def files_in(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


class store:
    """Go to a folder for a while and use its mlflow.db; a store that is made there keeps its artifacts there, too."""

    def __init__(self, folder):
        self._folder = folder
        self._uri = f"sqlite:///{folder}/mlflow.db"

    def __enter__(self):
        self._before = mlflow.get_tracking_uri(), os.getcwd()
        os.chdir(self._folder)
        mlflow.set_tracking_uri(self._uri)
        return mlflow.MlflowClient()

    def __exit__(self, *_):
        mlflow.set_tracking_uri(self._before[0])
        os.chdir(self._before[1])


@pytest.fixture
def tracked(tmp_path):
    """An empty store of its own for a test that logs from this process."""
    with store(tmp_path) as client:
        yield client


@pytest.fixture(scope="session")
def movie_reviews():
    """Skips where NLTK's movie_reviews is not installed."""
    try:
        nltk.data.find("corpora/movie_reviews.zip")
    except LookupError:
        pytest.skip("NLTK's movie_reviews is not in NLTK_DATA")


@pytest.fixture(scope="session")
def clone(tmp_path_factory):
    """A git repository with the project's present files, and so a URL that ``mlflow run`` clones."""
    folder = tmp_path_factory.mktemp("origin") / "project"
    subprocess.run(["git", "clone", "--quiet", str(PROJECT), str(folder)], check=True)
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\n")[:-1]
    for name in listed:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (PROJECT / name).is_file():
            target.write_bytes((PROJECT / name).read_bytes())
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org"]
    subprocess.run([*git, "add", "--all"], cwd=folder, check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "-m", "as it is"], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="session")
def git_url(clone):
    """The URL of that repository on a git server; MLflow runs a file:// URL in its place and would clone nothing."""
    port = free_port()
    command = ["git", "daemon", "--listen=127.0.0.1", f"--port={port}", f"--base-path={clone.parent}", "--export-all"]
    server = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
    wait_until(lambda: socket.create_connection(("127.0.0.1", port), timeout=1).close(), server)
    yield f"git://127.0.0.1:{port}/{clone.name}"
    os.killpg(server.pid, signal.SIGTERM)
    server.wait()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(condition, seconds=120, otherwise=lambda: "it did not come to that"):
    """Call ``condition`` until what it gives is true, and return that; fail with ``otherwise()`` when the time is over."""
    deadline = time.time() + seconds
    while not (found := condition()):
        assert time.time() < deadline, otherwise()
        time.sleep(0.2)
    return found


def wait_until(answers, process, seconds=60):
    """Call ``answers`` until it raises no OSError; fail when the process ends or the time is over."""
    deadline = time.time() + seconds
    while True:
        assert process.poll() is None, f"{process.args} ended with {process.returncode}"
        try:
            return answers()
        except OSError:
            assert time.time() < deadline, f"{process.args} does not answer after {seconds} s"
            time.sleep(0.2)


@pytest.fixture(scope="session")
def chain(tmp_path_factory, git_url):
    """The folder in which the whole chain ran on the sample, from a git URL, small: (folder, finished process)."""
    folder = tmp_path_factory.mktemp("caller")
    small = ["-P", "max_evals=2", "-P", "epochs=3"]
    process = run_project(*small, cwd=folder, uri=git_url)
    assert process.returncode == 0, process.stderr[-3000:]
    return folder, process


@contextmanager
def tracking_server(folder, port=None):
    """The URL of an ``mlflow server`` with SQLite behind it, in a folder that may have one."""
    port = port or free_port()
    command = ["mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    process = subprocess.Popen(
        [*command, "--backend-store-uri", "sqlite:///mlflow.db", "--artifacts-destination", str(folder / "artifacts")],
        cwd=folder,
        env=environment(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: urllib.request.urlopen(f"{url}/health", timeout=5), process, seconds=120)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


@pytest.fixture
def server(tmp_path):
    """The URL of a tracking server of its own."""
    folder = tmp_path / "server"
    folder.mkdir()
    with tracking_server(folder) as url:
        yield url


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the features of the sample, short ones."""
    folder = tmp_path_factory.mktemp("tuning")
    assert run_step("ingest", cwd=folder).returncode == 0
    assert run_step("featurize", "--max_length=20", "--vocabulary_size=500", cwd=folder).returncode == 0
    return folder


def go(folder, *steps):
    """Run steps, each a list of str, and return what the last one printed."""
    for step in steps:
        process = run_step(*step, cwd=folder)
        assert process.returncode == 0, process.stderr[-3000:]
    return process.stdout


@pytest.fixture(scope="module")
def registered(tmp_path_factory):
    """A folder in which a champion of the family simple stands, of the sample's split of seed 42."""
    folder = tmp_path_factory.mktemp("registered")
    go(folder, ["ingest"], ["featurize"], ["tune", "--max_evals=1"], ["compare"], ["register"])
    return folder


def tune(folder, *arguments):
    """Run a search and return its run and its trials, the first one first."""
    process = run_step("tune", *arguments, cwd=folder)
    assert process.returncode == 0, process.stderr[-3000:]
    run = runs(folder, "tune")[0]
    return run, trials_of(folder, run)


def trials_of(folder, run):
    below = [trial for trial in runs(folder) if trial.data.tags.get("mlflow.parentRunId") == run.info.run_id]
    return sorted(below, key=lambda trial: int(trial.data.tags["trial"]))
