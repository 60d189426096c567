"""Steps, ``mlflow run`` and MLflow's servers as processes that are forked from one that has made their imports.

Imports are most of what a short step costs. There are two servers to fork from (:mod:`tests.system.fork_server`),
shared by all workers of a session: one with every package, and one for main, which does without numpy and all that
needs it. Neither has a module of this project, so that a step of a clone or of a copy has its own. Everything else is
as after ``python -m steps STEP``: a process with its folder, environment, arguments, signals, input, output and status.

Who starts ``python``, ``mlflow`` or ``uvicorn`` finds scripts of these names first on PATH. They stand for the process
in its parent's place: they hand on signals, end as it ends, and when they are killed it is. So what main starts is
forked, too. Who wants to look at the processes themselves, or to kill them, finds them with :func:`behind`.
"""

import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
from filelock import FileLock

from tests.system.fork_server import NAME

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
SERVERS = ("main", "steps")
SCRIPTS = ("python", "mlflow", "uvicorn")
SCRIPT = """#!{python} -IS
import os, sys
sys.path.insert(0, {here!r})
import starter
arguments = [{name!r}, *sys.argv[1:]]
server = starter.server_for(arguments)
if server:
    starter.stand_for(arguments, {folder!r} + "/" + server)
os.execv({real!r}, [{real!r}, *sys.argv[1:]])
"""


class Servers:
    """The servers in a folder. They end when every process that has started or found them here has ended.

    Args:
        folder: where they listen, and where the scripts are; what is missing is made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._connections: dict[str, socket.socket] = {}
        self._started: list[subprocess.Popen] = []

    def scripts(self, environment: dict[str, str]) -> Path:
        """The folder of the scripts; the servers run, in an environment if they are to be started."""
        if len(self._connections) < len(SERVERS):
            with FileLock(self._folder / "lock"):
                self._write_scripts()
                missing = [name for name in SERVERS if not self._connect(name)]
                for name in missing:
                    self._start(name, environment)
                for name, server in zip(missing, self._started):
                    while not self._connect(name):
                        assert server.poll() is None, (self._folder / f"{name}.log").read_text()
                        time.sleep(0.05)
        return self._folder / "bin"

    def _write_scripts(self) -> None:
        for name in SCRIPTS:
            script = self._folder / "bin" / name
            if not script.exists():
                script.parent.mkdir(exist_ok=True)
                real, python = os.path.join(sys.prefix, "bin", name), os.path.realpath(sys.executable)
                values = {"python": python, "here": str(HERE), "name": name, "folder": str(self._folder), "real": real}
                script.write_text(SCRIPT.format(**values))
                script.chmod(0o755)

    def _connect(self, name: str) -> bool:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            connection.connect(str(self._folder / name))
        except OSError:
            connection.close()
            return False
        self._connections[name] = connection
        return True

    def _start(self, name: str, environment: dict[str, str]) -> None:
        quiet = environment | {"TF_CPP_MIN_LOG_LEVEL": "2", "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-P", str(HERE / "fork_server.py"), str(PROJECT), str(self._folder), name]
        with open(self._folder / f"{name}.log", "w") as log:
            # A session of its own: Ctrl-C is for pytest, which then ends what it has started.
            server = subprocess.Popen(
                command, env=quiet, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self._started.append(server)


def behind(script: psutil.Process) -> psutil.Process:
    """The process that a script stands for, or the process itself where it is none of these scripts."""
    name = NAME.format(script.pid)
    return next((process for process in psutil.process_iter(["name"]) if process.info["name"] == name), script)


def below(process: psutil.Process) -> list[psutil.Process]:
    """The processes below one, scripts and what they stand for; those nearer to it come first."""
    found = [process, behind(process)]
    for one in found:
        with suppress(psutil.NoSuchProcess):
            found += [other for child in one.children() for other in {child, behind(child)} if other not in found]
    return [other for other in found if other != process]


servers: Servers | None = None  # of this session; its fixture sets it
