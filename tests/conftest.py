"""Fixtures for all tests, such as MLflow stores of their own. Fixtures that start processes are in tests/system/.

MLflow is imported by functions alone: the process that hands tests to the workers does without its four seconds.
"""

from __future__ import annotations

import errno
import gc
import multiprocessing.process
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from filelock import FileLock

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

PROJECT = Path(__file__).resolve().parents[1]
MEMORY = Path("/dev/shm")  # a file system in memory, where Linux has one
ENOUGH = 4 << 30  # bytes of it
PREFIX = "sentiment-tests-"  # of the name of the session's folder there
IN_MEMORY, KEPT = pytest.StashKey[Path](), pytest.StashKey[bool]()
# The long ones first, so that the workers end at about the same time.
LONG = (
    "test_stopping",
    "test_chain",
    "test_spark",
    "test_predict_on_spark",
    "test_team_server",
    "test_tuning",
    "test_side_by_side",
    "test_card",
    "test_airflow",
    "test_package",
    "test_predict",
    "test_gate",
    "test_reuse",
    "test_serve",
    "test_monitor",
    "test_docs",
    "test_compare",
    "test_promotions",
)
# What trains networks, for one worker alone: TensorFlow's import and first fit are seconds of every worker.
TENSORFLOW = (
    "test_networks",
    "test_finetuned",
    "test_encoder",
    "test_families",
    "test_packaging",
    "test_fitting",
    "test_training_size",
    "test_engines",
    "test_adam",
    "test_batches",
    "test_layers",
)
# What uses Spark in the worker's own process, for one worker alone: its virtual machine starts once for all of them.
SPARK = ("test_spark", "test_predict_on_spark")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--requests", type=int, default=2000, help="malformed requests in tests/serving/test_malformed.py")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Have temporary files in memory: SQLite waits for a disk in every commit, and MLflow commits every tag."""
    if "TMPDIR" in os.environ or not MEMORY.is_dir():  # the workers have it from the process that started them
        return
    system = os.statvfs(MEMORY)
    if system.f_bavail * system.f_frsize > ENOUGH and not system.f_flag & os.ST_NOEXEC:
        folder = config.stash[IN_MEMORY] = Path(tempfile.mkdtemp(prefix=PREFIX, dir=MEMORY))
        folder.chmod(0o1777)  # as the system's own: databases run as another user
        os.environ["TMPDIR"] = str(folder)
        tempfile.tempdir = None  # pytest has looked already


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Import no file of tests/system/ where none of its tests is asked for."""
    ignored = config.option.markexpr == "not system" and collection_path == PROJECT / "tests" / "system"
    return ignored or None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Look for garbage neither among what test files import, which stays, nor meanwhile; then less often than usual.

    What tests import themselves stays, too: to look through TensorFlow and MLflow took a tenth of the time.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(10_000, 10, 10)
        gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Three workers for two cores: many tests of tests/system/ wait, for servers and for what is to end."""
    cores = os.cpu_count() or 1
    return None if config.option.markexpr == "not system" else cores + cores // 2


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out whole files, and those of ``TENSORFLOW`` and of ``SPARK`` as if they were one each."""
    if config.option.dist != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            path = Path(file)
            if "system" in path.parts:
                return "spark" if path.stem in SPARK else file
            return "tensorflow" if path.stem in TENSORFLOW else file

    return Scheduling(config, log)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Note whether the files are to stay, for somebody to look at what failed."""
    if exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.config.stash[KEPT] = True


def pytest_unconfigure(config: pytest.Config) -> None:
    folder = config.stash.get(IN_MEMORY, None)
    if folder and not config.stash.get(KEPT, False):
        shutil.rmtree(folder, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.stash.get(KEPT, False) and IN_MEMORY in config.stash:
        terminalreporter.write_line(f"temporary files are in memory until you remove {config.stash[IN_MEMORY]}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in tests/system/ as ``system``, and put the long files first: a worker takes the next in order."""
    for item in items:
        if item.path.parent.name == "system":
            item.add_marker(pytest.mark.system)
    places = {name: place for place, name in enumerate((*LONG[:5], *TENSORFLOW, *LONG[5:]))}
    items.sort(key=lambda item: (places.get(item.path.stem, len(places)), not item.get_closest_marker("system")))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """What a test sets in the environment, as a step does, is not there for the processes that later tests start.

    What a fixture sets, such as the password of a server that many tests share, stays until the fixture ends.
    """
    with mock.patch.dict(os.environ):
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Only tests in tests/system/ start processes: the others are run before every commit, and are to be short."""
    with pytest.MonkeyPatch.context() as patch:
        if not item.get_closest_marker("system"):
            for starts in (subprocess.Popen, multiprocessing.process.BaseProcess):
                patch.setattr(starts, "start" if hasattr(starts, "start") else "__init__", refuse)
        result = yield
    _forget_removed_models()
    return result


def _forget_removed_models() -> None:
    """A model brings its code as a package, from which later models with the same code are loaded, too."""
    for name, module in list(sys.modules.items()):
        if name.startswith("sentiment_") and not os.path.exists(getattr(module, "__file__", None) or ""):
            del sys.modules[name]


def refuse(*_: object, **__: object) -> None:
    raise PermissionError("a test that starts a process belongs in tests/system/")


class store:
    """Go to a folder for a while and use its mlflow.db; a store that is made there keeps its artifacts there, too."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._uri = f"sqlite:///{folder}/mlflow.db"

    def __enter__(self) -> MlflowClient:
        create_store(self._folder)
        _know_the_schema()
        import mlflow

        self._before = mlflow.get_tracking_uri(), os.getcwd()
        os.chdir(self._folder)
        mlflow.set_tracking_uri(self._uri)
        return mlflow.MlflowClient()

    def __exit__(self, *_: object) -> None:
        import mlflow

        mlflow.set_tracking_uri(self._before[0])
        os.chdir(self._before[1])


def create_store(folder: Path) -> None:
    """Put an empty mlflow.db into a folder that has none. MLflow itself takes seconds for one."""
    if not (folder / "mlflow.db").exists():
        (folder / "mlflow.db").write_bytes(_empty_store())


def copy_store(original: Path, copy: Path) -> None:
    """Copy a folder with its mlflow.db, in which the addresses of artifacts are absolute paths."""
    shutil.copytree(original, copy, dirs_exist_ok=True)
    with closing(sqlite3.connect(copy / "mlflow.db")) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            columns = database.execute(f"PRAGMA table_info({table})").fetchall()
            for column in [name for _, name, kind, *_ in columns if kind.startswith(("VARCHAR", "TEXT"))]:
                database.execute(
                    f'UPDATE {table} SET "{column}" = replace("{column}", ?, ?) WHERE instr("{column}", ?)',
                    (f"{original}/", f"{copy}/", f"{original}/"),
                )
        database.commit()


@cache
def _empty_store() -> bytes:
    """An mlflow.db without its default experiment, which MLflow then adds with the address of the folder."""
    ours = Path(tempfile.gettempdir())
    if not ours.name.startswith(PREFIX):
        return _make_empty_store()
    with FileLock(ours / "empty.lock"):  # the workers of a session share it
        if not (ours / "empty.db").exists():
            (ours / "empty.db").write_bytes(_make_empty_store())
        return (ours / "empty.db").read_bytes()


@cache
def _know_the_schema() -> None:
    """Have MLflow look for the latest migration of its database once: it imports them all to open a store."""
    from mlflow.store.db import utils

    utils._get_latest_schema_revision = cache(utils._get_latest_schema_revision)


def _make_empty_store() -> bytes:
    from mlflow import MlflowClient

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "mlflow.db")
        MlflowClient(f"sqlite:///{file}").search_experiments()
        with closing(sqlite3.connect(file)) as database:
            database.execute("DELETE FROM experiments")
            database.commit()
        return file.read_bytes()


def runs(folder: Path, entry_point: str | None = None) -> list[Run]:
    """The runs in a folder's mlflow.db, the latest first, of one entry point if it is named."""
    import mlflow

    with store(folder):
        found = mlflow.search_runs(search_all_experiments=True, output_format="list")
    if entry_point:
        found = [run for run in found if run.data.tags.get("mlflow.project.entryPoint") == entry_point]
    return found


@pytest.fixture
def tracked(tmp_path: Path) -> Iterator[MlflowClient]:
    """An empty store of its own for a test that logs from this process."""
    with store(tmp_path) as client:
        yield client


@pytest.fixture
def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk has no locks, as NFS without its lock service."""

    def flock(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", flock)


@pytest.fixture(scope="session")
def movie_reviews() -> None:
    """Skips where NLTK's movie_reviews is not installed."""
    from nltk.data import find

    try:
        find("corpora/movie_reviews.zip")
    except LookupError:
        pytest.skip("NLTK's movie_reviews is not in NLTK_DATA")
