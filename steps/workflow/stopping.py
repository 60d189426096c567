"""The end of a step that is told to end: its children end too, its runs are marked KILLED, and it says how to go on.

A signal handler that raises KeyboardInterrupt does not end every step: Python drops an exception that falls into a
destructor or a callback from C. Here a thread waits for the signals and ends the process, whatever the main thread does.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress

import psutil

STOPPED = "stopped by a signal"  # the tag error of a run that was stopped
PARENT = "mlflow.parentRunId"
SIGNALS = (signal.SIGINT, signal.SIGTERM)
PATIENCE = 30  # seconds for children to end by themselves


class Stop:
    """Ends this process in order on SIGINT, SIGTERM, or when the process that started it is gone.

    Args:
        entry_point: what runs here, for the message.

    Attributes:
        run: the MLflow run of this process, once it is open.
        advice: how to go on, for the message.
    """

    def __init__(self, entry_point):
        self._entry_point = entry_point
        self._reader, self._writer = socket.socketpair()
        self._begun = threading.Event()
        self._caller = None
        self.run = None
        self.advice = ""

    def listen(self):
        """Take over both signals, from the main thread."""
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, lambda *_: None)  # the byte that it leaves in the socket is what counts
        threading.Thread(target=self._wait, daemon=True).start()
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)  # see held_back

    def watch(self, caller):
        """End also when the caller, a ``psutil.Process``, does: a chain that was killed is not to go on in its steps."""
        self._caller = caller
        threading.Thread(target=self._watch, daemon=True).start()

    def hold(self):
        """Return at once, or never when the end has begun: what fails from there on is a consequence of it."""
        if self._begun.is_set():
            threading.Event().wait()

    def _watch(self):
        while _is_alive(self._caller):
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)

    def _wait(self):
        number = self._reader.recv(1)[0]
        self._begun.set()
        try:
            self._end()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(128 + number)

    def _end(self):
        os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"  # a server that is gone does not delay the end
        # mlflow run sees the exit status later and writes FAILED over KILLED. The run below main are main's to mark.
        if self._caller and (self.run is None or PARENT not in self.run.data.tags):
            corrector = [sys.executable, "-m", "steps.workflow.stopping", os.environ["MLFLOW_RUN_ID"], self._caller.pid]
            root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
            subprocess.Popen(
                list(map(str, corrector)), env=os.environ | {"PYTHONPATH": root}, start_new_session=True
            )
        end_children()
        if self.run is not None:
            try:
                mark_killed(self.run.info.run_id)
            except Exception as error:  # the process ends in any case, and this is all that is left to say
                print(f"warning: the runs could not be marked KILLED: {error}", file=sys.stderr)
        print(f"{self._entry_point} was stopped. {self.advice}".strip(), file=sys.stderr)


@contextmanager
def held_back():
    """Have processes that are started inside hold the signals back until they :meth:`Stop.listen`, imports or not."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_children():
    """Tell the steps that this process started to end, and wait until they have."""
    children = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            children += child.children() if child.name() == "bash" else []  # where MLflow's shell waits for its command
            children.append(child)
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.terminate()
    # Their exit statuses are left to those who started them: MLflow takes a child that another has waited for for a success.
    deadline = time.time() + PATIENCE
    while children := [child for child in children if _is_alive(child)]:
        if time.time() > deadline:
            for child in children:
                with suppress(psutil.NoSuchProcess):
                    child.kill()
        time.sleep(0.1)


def mark_killed(run_id):
    """Mark a run and the runs below it as KILLED, those that are RUNNING or ended because of the stop."""
    from mlflow import MlflowClient

    client = MlflowClient()
    run = client.get_run(run_id)
    for child in client.search_runs([run.info.experiment_id], f"tags.`{PARENT}` = '{run_id}'"):
        mark_killed(child.info.run_id)
    if run.info.status == "RUNNING" or (run.info.status == "FAILED" and run.data.tags.get("error", STOPPED) == STOPPED):
        client.set_tag(run_id, "error", STOPPED)
        client.set_terminated(run_id, "KILLED")


def correct(run_id, caller):
    """Mark a run as KILLED once more when ``mlflow run``, the process ``caller``, has had its say."""
    from mlflow import MlflowClient

    deadline = time.time() + PATIENCE
    while psutil.pid_exists(caller) and time.time() < deadline:
        if MlflowClient().get_run(run_id).info.status == "FAILED":
            break
        time.sleep(0.2)
    mark_killed(run_id)


def _is_alive(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


if __name__ == "__main__":
    correct(sys.argv[1], int(sys.argv[2]))
