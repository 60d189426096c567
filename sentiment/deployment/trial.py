"""Smoke test of a packaged model: its server is started and queried, and its peak memory measured."""

import http.client
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sentiment.deployment.client import ask, ask_for_labels
from sentiment.deployment.server import MODEL_PATH, PORT
from sentiment.errors import UserError

START_TIMEOUT = 600.0  # seconds that the server may take until it answers
TEXT = "A gem. I laughed all the way home. "
MANY, LONG = 256, 2000  # texts in the largest request, and characters of each


def try_server(interpreter: Path, model: Path, server: Path, folder: Path, hold: Callable[[], None]) -> int:
    """Start the server of a package as its image does, ask it about one text and about many, and end it.

    Args:
        interpreter: that of the environment.
        model: folder of the model.
        server: folder of the server's modules.
        folder: an existing one, in which the server runs; its messages go there, too.
        hold: to be called before it is started.

    Returns:
        The most memory that the server has taken, in bytes.

    Raises:
        UserError: it ended, or did not answer as it should.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Nothing of this process's environment is there in the image; the system's own variables may be needed.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "PYTHON", "AWS_"))}
    ours = {MODEL_PATH: str(model), PORT: str(port), "PYTHONPATH": str(server), "PYTHONDONTWRITEBYTECODE": "1"}
    hold()
    with open(folder / "server.log", "w+", encoding="utf-8") as log:
        process = subprocess.Popen(
            [str(interpreter), "-m", "sentiment.deployment.server"],
            cwd=folder,
            env=kept | ours,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for_ping(process, port)
            for count, length in ((1, len(TEXT)), (MANY, LONG)):
                ask_for_labels(port, [(TEXT * (length // len(TEXT) + 1))[:length]] * count)
            return _peak_memory(process)
        except (OSError, http.client.HTTPException, ValueError) as error:
            log.seek(0)
            said = log.read().strip()[-1000:]
            raise UserError(f"the packaged model does not answer: {error}. Its server says: {said}") from error
        finally:
            process.kill()
            process.wait()


def _wait_for_ping(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while True:
        try:
            status, _ = ask(port, "GET", "/ping", timeout=10)
            if status != 200:
                raise ValueError(f"/ping gives status {status}")
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _peak_memory(process: subprocess.Popen[bytes]) -> int:
    """The most resident memory that a process has had, in bytes. Without ``/proc`` it is told of one that has ended."""
    status = Path(f"/proc/{process.pid}/status")
    if peak := re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="utf-8")) if status.exists() else None:
        return int(peak[1]) * 1024
    process.kill()
    _, _, usage = os.wait4(process.pid, 0)
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
