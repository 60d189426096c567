"""``python -P fork_server.py PROJECT FOLDER NAME``: a server of :mod:`tests.system.forked`."""

import atexit
import fcntl
import functools
import gc
import importlib
import marshal
import multiprocessing
import os
import runpy
import selectors
import signal
import socket
import sys
import tempfile
import threading
import traceback
from contextlib import suppress
from pathlib import Path

# What the project imports and what MLflow does later: for main,
FOR_MAIN = (
    "alembic.command",
    "filelock",
    "git",
    "jinja2",
    "mlflow.projects.backend.local",
    "mlflow.store.model_registry.sqlalchemy_workspace_store",
    "mlflow.store.tracking.sqlalchemy_workspace_store",
    "mlflow.utils.search_logged_model_utils",
    "psutil",
    "pydantic",
    "sqlalchemy.dialects.sqlite",
    "yaml",
)
# and for steps. TensorFlow may be imported before a fork as long as it has not looked for its devices.
FOR_STEPS = (
    *FOR_MAIN,
    "hyperopt",
    "keras",
    "keras_tuner",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
    "mlflow.cli",
    "mlflow.data.pandas_dataset",
    "mlflow.models.display_utils",
    "mlflow.pyfunc",
    "nltk.stem",
    "nltk.tokenize.casual",
    "py3langid.langid",
    "pyarrow.csv",
    "pyarrow.dataset",
    "pyarrow.pandas_compat",
    "pyarrow.parquet",
    "scipy.optimize",
    "scipy.stats",
    "sklearn.calibration",
    "sklearn.ensemble",
    "sklearn.feature_extraction.text",
    "sklearn.linear_model",
    "sklearn.metrics",
    "sklearn.model_selection",
    "sklearn.naive_bayes",
    "sklearn.svm",
    "vaderSentiment.vaderSentiment",
)

NAME = "for {}"  # of a forked process, with the id of the script that stands for it
# The functions that console scripts call.
COMMANDS = {"mlflow": ("mlflow.cli", "cli"), "uvicorn": ("uvicorn", "main")}


def import_packages(project: str, name: str) -> None:
    """Import what the steps need, and no module of the project."""
    sys.path.insert(0, project)
    if name == "main":
        sys.modules.update(dict.fromkeys(importlib.import_module("steps.__main__").NOT_IN_MAIN))
    else:
        importlib.import_module("sentiment.model.linear.counted")._import_skops()
    for module in FOR_MAIN if name == "main" else FOR_STEPS:
        importlib.import_module(module)
    sys.path.remove(project)
    forget("steps", "sentiment")


def prepare_packages(name: str) -> None:
    """Do what packages do once in a process, which takes longer than the rest of a short step."""
    importlib.import_module("sqlalchemy.orm").configure_mappers()
    if name != "main":
        # Which package has which module: MLflow looks for it before it logs or loads its first model.
        importlib.import_module("mlflow.utils.requirements_utils")._init_modules_to_packages_map()
        langid = importlib.import_module("py3langid.langid")
        langid._load_model_file = functools.cache(langid._load_model_file)
        langid._load_model_file(langid.MODEL_DIR / langid.MODEL_FILE)


def forget(*packages: str) -> None:
    """Have packages imported anew by who needs them."""
    within = tuple(f"{package}." for package in packages)
    for module in [module for module in sys.modules if module in packages or module.startswith(within)]:
        del sys.modules[module]


def serve(folder: Path, name: str) -> None:
    """Fork processes for those who ask, until the last of those who only hold a connection has closed it."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(str(folder / f"{name}.new"))
    listener.listen(64)
    os.rename(folder / f"{name}.new", folder / name)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    holding: set[socket.socket] = set()
    children: dict[socket.socket, int] = {}  # ids of processes
    begun = False
    while holding or children or not begun:
        key, _ = selector.select()[0]  # one at a time, since it may make others obsolete
        if key.fileobj is listener:
            connection, _ = listener.accept()
            selector.register(connection, selectors.EVENT_READ)
            holding.add(connection)
            begun = True
        elif key.data is None:
            connection = key.fileobj
            message, files, *_ = socket.recv_fds(connection, 1 << 20, 64)
            if files:
                holding.discard(connection)
                pid = os.fork()
                if pid == 0:
                    close_all(selector)
                    become(*marshal.loads(message), files, folder)
                for file in files:
                    os.close(file)
                children[connection] = pid
                selector.register(os.pidfd_open(pid), selectors.EVENT_READ, connection)
            elif connection in children:
                os.kill(children[connection], message[0] if message else signal.SIGKILL)
            if not message:
                selector.unregister(connection)
                holding.discard(connection)
                if connection not in children:
                    connection.close()
        else:
            connection = key.data
            _, status = os.waitpid(children.pop(connection), 0)
            selector.unregister(key.fileobj)
            os.close(key.fd)
            with suppress(KeyError):  # the one who asked is gone
                selector.unregister(connection)
            with suppress(OSError):
                connection.send(status.to_bytes(4, "little"))
            connection.close()
    os.unlink(folder / name)


def close_all(selector: selectors.BaseSelector) -> None:
    """Close what a forked process has of the server's."""
    for key in list(selector.get_map().values()):
        if isinstance(key.fileobj, int):
            os.close(key.fileobj)
        else:
            key.fileobj.close()
    selector.close()


def become(
    arguments: list[str],
    cwd: str,
    environment: dict[str, str],
    blocked: list[int],
    asker: int,
    numbers: list[int],
    files: list[int],
    folder: Path,
) -> None:
    """Be what the command starts, and end."""
    code = 1
    try:
        above = max(*numbers, *files) + 1
        for number, file in zip(numbers, [fcntl.fcntl(file, fcntl.F_DUPFD, above) for file in files]):
            os.dup2(file, number)
            os.close(file)
        for file in set(files) - set(numbers):
            os.close(file)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(environment)
        tempfile.tempdir = None
        if sys.modules.get("numpy"):
            sys.modules["numpy"].random.seed()
        has_the_parent_of(asker)
        Path("/proc/self/comm").write_text(NAME.format(asker))  # by which the tests find it
        sys.executable = str(folder / "bin" / "python")  # for what this process starts
        multiprocessing.set_executable(sys.executable)
        sys.argv = arguments
        sys.path[:0] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
        if "uvicorn" in arguments:
            forget("mlflow.server")  # which looks at its environment when it is imported
        if "-c" in arguments:  # a process that multiprocessing spawns
            place = arguments.index("-c")
            sys.argv = ["-c", *arguments[place + 2 :]]
            exec(arguments[place + 1], {})
        elif arguments[0] == "python":
            sys.argv = arguments[2:]
            sys.path.insert(0, cwd)
            runpy.run_module(arguments[2], run_name="__main__", alter_sys=True)
        else:
            module, function = COMMANDS[arguments[0]]
            getattr(importlib.import_module(module), function)(prog_name=arguments[0])
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(BaseException):
            threading._shutdown()
            atexit._run_exitfuncs()
        with suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def has_the_parent_of(asker: int) -> None:
    """Let this process find the parent of the script that stands for it."""
    import psutil

    parent = psutil.Process.parent
    psutil.Process.parent = lambda process: parent(psutil.Process(asker) if process.pid == os.getpid() else process)


if __name__ == "__main__":
    import_packages(sys.argv[1], sys.argv[3])
    prepare_packages(sys.argv[3])
    gc.collect()
    gc.freeze()
    serve(Path(sys.argv[2]), sys.argv[3])
