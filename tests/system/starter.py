"""What the scripts of :mod:`tests.system.forked` do. Imports next to nothing, to be fast."""

import marshal
import os
import signal
import socket

SIGNALS = (signal.SIGINT, signal.SIGTERM)
# What is forked of ``python -m MODULE``,
MODULES = ("steps", "sentiment.serving.writer", "sentiment.workflow.stopping", "tests.docs.follow", "uvicorn")
# and of MLflow's commands; MLflow starts its servers with uvicorn.
COMMANDS = (["mlflow", "run"], ["mlflow", "server"], ["mlflow", "models"])


def server_for(arguments: list[str]) -> str | None:
    """The server that can fork a command, or None."""
    if "--family=pipeline" in arguments:  # torch does not go with TensorFlow in one process
        return None
    if arguments[:4] == ["python", "-m", "steps", "main"]:
        return "main"
    is_module = arguments[:2] == ["python", "-m"] and arguments[2:3] and arguments[2] in MODULES
    return "steps" if is_module or arguments[0] == "uvicorn" or arguments[:2] in COMMANDS else None


def stand_for(arguments: list[str], address: str) -> None:
    """Have a process forked and end as it ends; returns where no server listens.

    Args:
        arguments: of the process, from its name on.
        address: where the server listens.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        connection.connect(address)
    except OSError:
        return
    # A signal waits until it can be handed on; the process begins with what is blocked here, as a child would.
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    asked = (arguments, os.getcwd(), dict(os.environ), [int(number) for number in blocked], os.getpid())
    socket.send_fds(connection, [marshal.dumps(asked)], [0, 1, 2])

    def hand_on(number: int, _: object) -> None:
        try:  # noqa: SIM105, contextlib is one more import
            connection.send(bytes([number]))
        except OSError:  # what stands behind it has ended already
            pass

    for number in SIGNALS:
        signal.signal(number, hand_on)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    status = connection.recv(4)
    code = os.waitstatus_to_exitcode(int.from_bytes(status, "little")) if status else 70
    if code < 0:
        if -code in SIGNALS:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)
