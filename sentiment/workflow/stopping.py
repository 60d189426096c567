"""Graceful shutdown of a step on a signal: it stops its children, marks its runs KILLED and says how to resume.

A thread waits for the signals, does all that and ends the process. The main thread is not interrupted until then.
Python would raise KeyboardInterrupt in it, which is lost in a destructor or a callback from C, and which leaves the
store locked in a transaction.
"""

import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psutil

from sentiment.workflow.process_tag import is_alive, is_gone

STOPPED = "stopped by a signal"  # tag error of a stopped run
SIGNALS = (signal.SIGINT, signal.SIGTERM)
PATIENCE = 30  # seconds for children to end on their own
STARTER = "SENTIMENT_STARTER"  # environment variable with the id of the process that launched this step
STARTERS_FOLDER = "SENTIMENT_STARTERS_FOLDER"  # and with the working directory of that process

_launches: set[int] = set()  # ids of this process's threads in launching()


class Stop:
    """Ends this process cleanly on SIGINT, SIGTERM, or when the process that started it is gone.

    Args:
        entry_point: the name of the step, for the message.

    Attributes:
        run: the MLflow run of this process, once it is open.
        advice: how to resume, for the message.
        scratch: temporary folder to remove, or None.
    """

    def __init__(self, entry_point: str) -> None:
        self._entry_point = entry_point
        self._reader, self._writer = socket.socketpair()
        self._begun = threading.Event()
        self._caller: psutil.Process | None = None
        self._made_run = ""
        self._is_nested = STARTER in os.environ  # below another step; a parent run alone may be the user's own
        self.run: Any = None  # an mlflow.ActiveRun; MLflow is not imported yet, so that a step listens at once
        self.advice = ""
        self.scratch: str | None = None

    def listen(self) -> None:
        """Take over both signals; to be called in the main thread."""
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, lambda *_: None)  # the byte in the socket wakes the thread
        threading.Thread(target=self._wait, daemon=True).start()
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)  # see launching

    def watch(self, caller: psutil.Process, run_id: str) -> None:
        """Also end when the caller does: the steps of a killed chain must not go on.

        Args:
            caller: the process of ``mlflow run``, or of main.
            run_id: the run that it created for this process.
        """
        self._caller, self._made_run = caller, run_id
        threading.Thread(target=self._watch, daemon=True).start()

    def hold(self) -> None:
        """Return at once, or never if the process is ending.

        To be called before reporting a failure, which may be a consequence of the end, and before starting work.
        """
        if self._begun.is_set():
            threading.Event().wait()

    def _watch(self) -> None:
        while self._caller and is_alive(self._caller):
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)

    def _wait(self) -> None:
        number = self._reader.recv(1)[0]
        self._begun.set()
        try:
            self._end()
        except BaseException:  # the process ends anyway, but says why this failed
            traceback.print_exc()
        finally:
            try:
                sys.stdout.flush()
                sys.stderr.flush()
            finally:  # the pipe may already be closed, as by | head
                os._exit(128 + number)

    def _end(self) -> None:
        os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"  # a server that is gone must not delay the end
        # mlflow run sees the exit status later and overwrites KILLED with FAILED. Main marks its child runs.
        corrector = None
        if self._caller and not self._is_nested:
            corrector = correct_after(self._caller.pid, self._made_run)
        end_children(but=corrector)
        if self.run is not None:
            time.sleep(0.2)  # what passed hold() has started by now, and is found below the run
            try:
                import mlflow

                if "pyspark" in sys.modules:  # MLflow would ask its JVM, which has ended, for the registry URI
                    mlflow.set_registry_uri(mlflow.get_tracking_uri())
                mark_killed(self.run.info.run_id)
            except Exception as error:  # the process ends anyway
                print(f"warning: the runs could not be marked KILLED: {error}", file=sys.stderr)
        if self.scratch:
            shutil.rmtree(self.scratch, ignore_errors=True)
        print(f"{self._entry_point} was stopped. {self.advice}".strip(), file=sys.stderr)


@contextmanager
def launching() -> Iterator[None]:
    """Context of a call that starts a step and waits for it; this process ends only after that call.

    Signals are blocked in the step until it calls :meth:`Stop.listen`.
    """
    can_block = hasattr(signal, "pthread_sigmask")
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS) if can_block else set()
    os.environ[STARTER], os.environ[STARTERS_FOLDER] = str(os.getpid()), os.getcwd()
    _launches.add(threading.get_ident())
    try:
        yield
    finally:
        _launches.discard(threading.get_ident())
        if can_block:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_launches() -> None:
    """End the running steps that this process has started, since another one has failed."""
    if _launches:
        end_children(but=None)


def end_children(but: int | None) -> None:
    """Terminate the processes that this one started, except the one with the id ``but``, and wait for their end.

    Also waits until MLflow has marked the runs of terminated steps as FAILED, which would otherwise happen after
    :func:`mark_killed`.
    """
    deadline = time.time() + PATIENCE
    told: set[psutil.Process] = set()
    below = [process for child in psutil.Process().children() for process in _below(child)]
    while True:
        children = [child for child in psutil.Process().children() if is_alive(child) and child.pid != but]
        if not children and (not _launches or time.time() > deadline):
            break
        for child in children:
            with suppress(psutil.NoSuchProcess):
                # Search workers have nothing to clean up, and Python's resource tracker ignores signals.
                if time.time() > deadline or "multiprocessing" in " ".join(child.cmdline()):
                    child.kill()
                elif child not in told:
                    told.add(child)
                    child.terminate()
        # Exit statuses are left to the code that started the processes: MLflow takes a child whose status it cannot
        # read for a success.
        time.sleep(0.1)
    # Their own children, such as the server of mlflow models serve, end on their own.
    psutil.wait_procs(below, timeout=PATIENCE / 3)


def _below(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def mark_killed(run_id: str) -> None:
    """Mark a run and the runs below it as KILLED, if they are RUNNING or failed because of the stop."""
    from mlflow import MlflowClient

    from sentiment.tracking import ERROR

    client = MlflowClient()
    mark_below_killed(run_id)
    run = client.get_run(run_id)
    if run.info.status == "RUNNING" or (run.info.status == "FAILED" and run.data.tags.get(ERROR, STOPPED) == STOPPED):
        client.set_tag(run_id, ERROR, STOPPED)
        client.set_terminated(run_id, "KILLED")


def mark_orphans(experiment_id: str) -> None:
    """Mark as KILLED the RUNNING runs whose process ran here and is gone, and the runs below them.

    A chain killed as a whole has no time to mark its runs.
    """
    from mlflow import MlflowClient

    from sentiment.tracking import PROCESS

    ours = f"attributes.status = 'RUNNING' and tags.`{PROCESS}` LIKE '{platform.node()} %'"
    for run in MlflowClient().search_runs([experiment_id], ours):
        if is_gone(run.data.tags[PROCESS]):
            mark_killed(run.info.run_id)


def mark_below_killed(run_id: str) -> None:
    """:func:`mark_killed` for the runs below a run."""
    from mlflow import MlflowClient

    from sentiment.tracking import PARENT

    client = MlflowClient()
    run = client.get_run(run_id)
    for child in client.search_runs([run.info.experiment_id], f"tags.`{PARENT}` = '{run_id}'"):
        mark_killed(child.info.run_id)


def correct_after(caller: int, run_id: str) -> int:
    """Start a process that outlives this one and marks a run as KILLED again (:func:`correct`), and return its id."""
    return subprocess.Popen(
        [sys.executable, "-m", "sentiment.workflow.stopping", run_id, str(caller)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ).pid


def correct(run_id: str, caller: int) -> None:
    """Mark a run as KILLED once ``mlflow run``, the process ``caller``, has marked it FAILED or has ended."""
    from mlflow import MlflowClient

    deadline = time.time() + PATIENCE
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(caller)
        while is_alive(process) and time.time() < deadline:
            if MlflowClient().get_run(run_id).info.status == "FAILED":
                break
            time.sleep(0.2)
    mark_killed(run_id)


if __name__ == "__main__":
    correct(sys.argv[1], int(sys.argv[2]))
