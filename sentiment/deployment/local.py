"""Endpoints that are processes of this machine, on the loopback address; they outlive the command that starts them."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from filelock import AcquireReturnProxy, FileLock

from sentiment.deployment.client import ask_for_labels
from sentiment.deployment.server import HOST, MODEL_PATH, PORT
from sentiment.deployment.targets import Target
from sentiment.errors import UserError, has_credentials, is_secret_name
from sentiment.paths import PROJECT_ROOT
from sentiment.results import model_files
from sentiment.secret_files import SECRETS
from sentiment.serving.ports import reserve
from sentiment.workflow.parameters import DeployParameters

FOLDER = "deployments"  # in the folder of the command: models, messages, and what is running
STATE = "endpoint.json"  # in the folder of an endpoint
ADDRESS = "127.0.0.1"
START_TIMEOUT = 600.0  # seconds that a server may take until it listens
END_TIMEOUT = 30.0  # seconds that it may take to finish its requests
DEFAULT_PORT = DeployParameters.model_fields["port"].default  # what an update without it is given


def connect(parameters: DeployParameters, hold: Callable[[], None]) -> Target:
    return Local(parameters.port, hold)


class Local:
    """The target ``local``.

    Args:
        port: to listen on.
        hold: to be called before a process is started.
    """

    def __init__(self, port: int, hold: Callable[[], None]) -> None:
        self._port = port
        self._hold = hold

    @property
    def place(self) -> str:
        return f"{Path(FOLDER).resolve()} of {socket.gethostname()}"

    def create(self, endpoint: str, uri: str, version: str) -> str:
        with _lock(endpoint):
            if self._find(endpoint):
                raise UserError(f"endpoint={endpoint}: it is there already: -P action=update replaces its version")
            try:
                reserved = reserve(ADDRESS, self._port)
            except OSError as error:
                raise UserError(f"port={self._port}: nothing can listen there ({error}): give another one") from error
            with reserved:  # until the server listens: that of another endpoint would share the port
                return self._start(endpoint, uri, version, self._port)

    def update(self, endpoint: str, uri: str, version: str, traffic: float) -> str:
        if traffic < 1:
            raise UserError("traffic needs target=sagemaker or azureml: a local endpoint has one version")
        with _lock(endpoint):
            state, before = self._require(endpoint)
            if self._port not in (port := state["port"], DEFAULT_PORT):
                raise UserError(
                    f"port={self._port}: {endpoint} listens on {port}, and an update keeps it: leave port out, or "
                    "delete the endpoint and create it again"
                )
            url = self._start(endpoint, uri, version, port)  # which listens on the same port, beside the old one
            self._end(before)
            return url

    def delete(self, endpoint: str) -> None:
        with _lock(endpoint):
            has_died = self._find(endpoint) is None and Path(FOLDER, endpoint, STATE).exists()
            if not has_died:
                _, process = self._require(endpoint)
                self._end(process)
            shutil.rmtree(Path(FOLDER, endpoint))

    def predict(self, endpoint: str, texts: list[str], version: str = "") -> list[dict[str, Any]]:
        state, _ = self._require(endpoint)
        return ask_for_labels(state["port"], texts)

    def _start(self, endpoint: str, uri: str, version: str, port: int) -> str:
        folder = Path(FOLDER, endpoint).resolve()
        model = folder / f"version-{version}-{time.time_ns()}"  # the same version may be started anew
        shutil.copytree(model_files(uri), model)
        ours = {MODEL_PATH: str(model), HOST: ADDRESS, PORT: str(port), "PYTHONPATH": str(PROJECT_ROOT)}
        # Of this process's folder for temporary files nothing will be left. The server has its model, and needs no
        # secret.
        environment = {
            name: value
            for name, value in os.environ.items()
            if not (name in ("TMPDIR", "MPLCONFIGDIR", *SECRETS) or is_secret_name(name) or has_credentials(value))
        }
        self._hold()
        with open(folder / "server.log", "a", encoding="utf-8") as log:
            server = subprocess.Popen(
                [sys.executable, "-m", "sentiment.deployment.server", str(model)],  # by which it is found again
                cwd=folder,
                env=environment | ours,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        process = psutil.Process(server.pid)
        try:
            self._wait(server, process, folder / "server.log")
        except BaseException:
            server.kill()
            server.wait()
            shutil.rmtree(model)
            raise
        state = {"pid": server.pid, "port": port, "version": version}
        (folder / STATE).write_text(json.dumps(state), encoding="utf-8")
        for old in folder.glob("version-*"):
            if old != model:
                shutil.rmtree(old)
        return f"http://{ADDRESS}:{port}/invocations"

    def _wait(self, server: subprocess.Popen[bytes], process: psutil.Process, log: Path) -> None:
        """Return when a server listens, which it does once it has loaded its model and tried it."""
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            self._hold()
            if server.poll() is not None or time.monotonic() > deadline:
                said = log.read_text(encoding="utf-8").strip()[-1000:]
                raise UserError(f"the server does not start; the end of {log}: {said}")
            try:
                if any(connection.status == "LISTEN" for connection in process.net_connections("tcp4")):
                    return
            except psutil.NoSuchProcess:
                continue  # it has ended since it was polled
            time.sleep(0.1)

    def _find(self, endpoint: str) -> tuple[dict[str, Any], psutil.Process] | None:
        """What is known of an endpoint, and its process; None where there is none, or it has ended."""
        file = Path(FOLDER, endpoint, STATE)
        if not file.exists():
            return None
        state = json.loads(file.read_text(encoding="utf-8"))
        try:
            process = psutil.Process(state["pid"])
            # Not its environment, which macOS may hide, nor its start, which moves with the clock of the machine, nor
            # the whole path: the folder may be moved.
            model = Path("".join(process.cmdline()[-1:])).name
            if not (model.startswith("version-") and Path(FOLDER, endpoint, model).is_dir()):
                return None
            process.send_signal(0)  # whether this user may end it
            return state, process
        except psutil.NoSuchProcess:
            return None
        except psutil.AccessDenied as error:
            raise UserError(
                f"endpoint={endpoint}: process {state['pid']} is another user's: run the command as that user, or "
                f"remove {file.parent.resolve()} if it is not a server of this project"
            ) from error

    def _require(self, endpoint: str) -> tuple[dict[str, Any], psutil.Process]:
        found = self._find(endpoint)
        if found is None:
            raise UserError(f"endpoint={endpoint}: no endpoint of this name runs from {Path(FOLDER).resolve()}")
        return found

    def _end(self, process: psutil.Process) -> None:
        """End a server when it has finished its requests."""
        with suppress(psutil.NoSuchProcess):  # it has ended by itself
            process.terminate()
            try:
                process.wait(END_TIMEOUT)
            except psutil.TimeoutExpired:
                process.kill()


def _lock(endpoint: str) -> AcquireReturnProxy:
    """A lock for whoever changes an endpoint: of two servers that listen on its port, one would be forgotten."""
    try:
        return FileLock(Path(FOLDER, f".{endpoint}.lock")).acquire()  # beside its folder, which a deletion removes
    except OSError as error:  # as on NFS without its lock service
        raise UserError(
            f"the folder {FOLDER} cannot be locked ({error.strerror}): run deploy on a disk that supports locks"
        ) from error
