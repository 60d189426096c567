"""What several tests of whole processes look at."""

import multiprocessing.spawn
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from tests.conftest import PROJECT, copy_store
from tests.system import forked
from tests.system.processes import (
    FAST_SEARCH,
    NAIVE_BAYES,
    SHORT,
    SMALL_CHAIN,
    Process,
    forking_environment,
    free_port,
    run_project,
    run_steps,
    tracking_server,
    wait_until,
)


@pytest.fixture(scope="session", autouse=True)
def servers(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Steps are forked from servers that all workers share, and that the first one who needs them starts."""
    folder = shared_folder(tmp_path_factory) / "forks"
    folder.mkdir(exist_ok=True)
    forked.servers = forked.Servers(folder)


@pytest.fixture(scope="session", autouse=True)
def short_lived_spark() -> Iterator[None]:
    """Spark lives for seconds here, in which a virtual machine compiles longer than it gains by it.

    And it starts its Python as ``python``, and not as ``python3``, so that it is forked where steps are.
    """
    with pytest.MonkeyPatch.context() as patch:
        given = os.environ.get("JAVA_TOOL_OPTIONS", "")
        patch.setenv("JAVA_TOOL_OPTIONS", f"{given} -XX:TieredStopAtLevel=1 -XX:+UseSerialGC".strip())
        patch.setenv("PYSPARK_PYTHON", "python")
        yield


@pytest.fixture
def forking_workers(servers: None) -> Iterator[None]:
    """Processes that ``multiprocessing`` spawns are forked where steps are: an import of MLflow less for each."""
    script = shutil.which("python", path=forking_environment()["PATH"])
    before = multiprocessing.spawn.get_executable()
    multiprocessing.set_executable(script)
    yield
    multiprocessing.set_executable(before)


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git repository with the project's present files, and so a URL that ``mlflow run`` clones."""
    return build_once("origin", clone_project, tmp_path_factory) / "project"


def clone_project(parent: Path) -> None:
    folder = parent / "project"
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
    # MLflow asks for the branch of HEAD, and a checkout, as that of a worktree or of CI, may be on none.
    subprocess.run([*git, "checkout", "--quiet", "-B", "main"], cwd=folder, check=True)
    subprocess.run([*git, "add", "--all"], cwd=folder, check=True)
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "-m", "as it is"], cwd=folder, check=True)


@pytest.fixture(scope="session")
def git_url(clone: Path) -> Iterator[str]:
    """The URL of that repository on a git server; MLflow runs a file:// URL in its place and would clone nothing."""
    port = free_port()
    command = ["git", "daemon", "--listen=127.0.0.1", f"--port={port}", f"--base-path={clone.parent}", "--export-all"]
    server = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
    wait_until(lambda: socket.create_connection(("127.0.0.1", port), timeout=1).close(), server)
    yield f"git://127.0.0.1:{port}/{clone.name}"
    os.killpg(server.pid, signal.SIGTERM)
    server.wait()


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory, git_url: str) -> tuple[Path, Process]:
    """The folder in which the whole chain ran on the sample, from a git URL, small, and the finished process.

    To look at: who wants to write has a copy of it.
    """

    def build(folder: Path) -> None:
        (folder / "caller").mkdir()
        process = run_project(*SMALL_CHAIN, cwd=folder / "caller", uri=git_url)
        assert process.returncode == 0, process.stderr[-3000:]
        (folder / "stdout").write_text(process.stdout)
        (folder / "stderr").write_text(process.stderr)

    folder = build_once("chain", build, tmp_path_factory)
    printed = [(folder / name).read_text() for name in ("stdout", "stderr")]
    return folder / "caller", Process(["mlflow", "run", git_url, *SMALL_CHAIN], 0, *printed)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The URL of a tracking server of its own."""
    folder = tmp_path / "server"
    folder.mkdir()
    with tracking_server(folder) as url:
        yield url


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the features of the sample, short ones."""

    def build(folder: Path) -> None:
        run_steps(folder, ["ingest"], ["featurize", *(f"--{name}={value}" for name, value in SHORT.items())])

    return copy_of("features", build, tmp_path_factory)


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which each step ran by hand for the family simple: version 1 of ``sentiment`` is champion.

    Its space.yaml holds ``NAIVE_BAYES``.
    """

    return copy_of("registered", register_champion, tmp_path_factory)


@pytest.fixture
def registered_anew(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Such a folder for one test alone."""
    return copy_of("registered", register_champion, tmp_path_factory)


def register_champion(folder: Path) -> None:
    (folder / "space.yaml").write_text(NAIVE_BAYES)
    run_steps(folder, ["ingest"], ["featurize"], FAST_SEARCH, ["compare"], ["register"])


def build_once(name: str, build: Callable[[Path], None], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that is built once in a session, by whichever worker needs it first; the others wait for it."""
    root = shared_folder(tmp_path_factory)
    folder, built = root / name, root / f"{name}.built"
    with FileLock(root / f"{name}.lock"):
        if not built.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            build(folder)
            built.touch()
    return folder


def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The session's folder for temporary files, of which the workers have parts."""
    root = tmp_path_factory.getbasetemp()
    return root.parent if "PYTEST_XDIST_WORKER" in os.environ else root


def copy_of(name: str, build: Callable[[Path], None], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy, to write to, of such a folder."""
    copy = tmp_path_factory.mktemp(name)
    copy_store(build_once(name, build, tmp_path_factory), copy)
    return copy
