"""What the scripts of :mod:`tests.system.forked` do. Imports next to nothing, to be fast."""

import marshal
import os
import signal
import socket

SIGNALS = (signal.SIGINT, signal.SIGTERM)
WORKER = "--multiprocessing-fork"  # of the command of a process that multiprocessing spawns
REAL_WORKERS = "TESTS_REAL_WORKERS"  # is set where such processes import torch, which does not go with TensorFlow
# What is forked of ``python -m MODULE``,
MODULES = (
    "pyspark.daemon",
    "sentiment.serving.writer",
    "sentiment.workflow.stopping",
    "steps",
    "tests.docs.follow",
    "uvicorn",
)
# and of MLflow's commands; MLflow starts its servers with uvicorn.
COMMANDS = (["mlflow", "run"], ["mlflow", "server"], ["mlflow", "models"])


def server_for(arguments: list[str]) -> str | None:
    """The server that can fork a command, or None."""
    if "--family=pipeline" in arguments or REAL_WORKERS in os.environ and WORKER in arguments:
        return None
    if WORKER in arguments:
        return "steps"
    if arguments[:4] == ["python", "-m", "steps", "main"]:
        return "main"
    is_module = arguments[:2] == ["python", "-m"] and arguments[2:3] and arguments[2] in MODULES
    return "steps" if is_module or arguments[0] == "uvicorn" or arguments[:2] in COMMANDS else None


def inherited() -> list[int]:
    """The open files, from 3 on, that whoever started this process has left open for it."""
    found = []
    for number in map(int, os.listdir("/proc/self/fd")):
        try:
            if number > 2 and os.get_inheritable(number):
                found.append(number)
        except OSError:  # that of the folder itself
            pass
    return found


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
    files = [0, 1, 2, *(inherited() if WORKER in arguments else ())]
    asked = (arguments, os.getcwd(), dict(os.environ), [int(number) for number in blocked], os.getpid(), files)
    socket.send_fds(connection, [marshal.dumps(asked)], files)
    for number in files[3:]:  # that the other process has them open is what their readers go by
        os.close(number)

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
