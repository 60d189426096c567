"""Calls of kubectl: its commands, and a tunnel to a Service."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sentiment.errors import UserError

COMMAND_TIMEOUT = 180.0  # seconds that a command may take


class Kubectl:
    """kubectl, with options that go with every command.

    Args:
        hold: to be called before a tunnel is opened.

    Attributes:
        where: the options, such as the context.

    Raises:
        UserError: it is not installed.
    """

    def __init__(self, hold: Callable[[], None]) -> None:
        if not shutil.which("kubectl"):
            raise UserError("target=kubernetes needs kubectl: https://kubernetes.io/docs/tasks/tools/")
        self.where: list[str] = []
        self._hold = hold

    def run(self, *arguments: str, given: str | None = None) -> str:
        """What kubectl prints; UserError with the first line of its messages where it fails."""
        command = ["kubectl", *self.where, *arguments]
        try:
            process = subprocess.run(
                command, input=given, capture_output=True, encoding="utf-8", timeout=COMMAND_TIMEOUT
            )
        except subprocess.TimeoutExpired as error:
            raise UserError(f"kubectl {arguments[0]}: no answer within {COMMAND_TIMEOUT:g} seconds") from error
        if process.returncode:
            raise UserError(f"kubectl {arguments[0]}: {_first_line(process.stderr)}")
        return process.stdout

    @contextmanager
    def forward(self, endpoint: str) -> Iterator[int]:
        """A port of this machine that leads to a pod of a Service.

        The API server's proxy is another way, but the NetworkPolicy of a package lets nobody in from outside.
        """
        command = ["kubectl", *self.where, "port-forward", f"service/{endpoint}", "--address=127.0.0.1", ":80"]
        self._hold()
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8") as process:
            try:
                assert process.stdout and process.stderr
                forwarding = re.match(r"Forwarding from 127\.0\.0\.1:(\d+)", process.stdout.readline())
                if not forwarding:
                    raise UserError(f"kubectl port-forward: {_first_line(process.stderr.read())}")
                yield int(forwarding[1])
            finally:
                process.terminate()


def stream(documents: list[dict[str, Any]]) -> str:
    """Objects as kubectl reads them; one of the kind List it would not have validated by the server."""
    return "\n".join(map(json.dumps, documents))


def _first_line(messages: str) -> str:
    """The first line of kubectl's messages that is neither a line of its log nor a warning; else what its log says."""
    lines = [line for line in messages.splitlines() if not re.match(r"[EWI]\d{4} |Warning: |\s*$", line)]
    logged = re.findall(r'^E\d{4} .* err="(.*)"$', messages, re.M)
    return [*lines, *logged, "it ended without a message"][0].removeprefix("error: ")
