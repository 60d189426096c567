"""The end of a step that is told to end: its children end too, its runs are marked KILLED, and it says how to go on.

A thread waits for the signals, does all that and ends the process. The main thread is left alone until then: an exception
that is raised in it, as Python does on Ctrl-C, is dropped where it falls into a destructor or a callback from C, and where
it falls into a transaction it leaves the store locked.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from contextlib import contextmanager, suppress

import psutil

from sentiment.paths import PROJECT_ROOT

STOPPED = "stopped by a signal"  # the tag error of a run that was stopped
PARENT = "mlflow.parentRunId"  # this module starts before MLflow is imported
SIGNALS = (signal.SIGINT, signal.SIGTERM)
PATIENCE = 30  # seconds for children to end by themselves
STARTER = "SENTIMENT_STARTER"  # environment variable with the id of the process that has launched this step

_launches = set()  # threads of this process that are in launching()


class Stop:
    """Ends this process in order on SIGINT, SIGTERM, or when the process that started it is gone.

    Args:
        entry_point: what runs here, for the message.

    Attributes:
        run: the MLflow run of this process, once it is open.
        advice: how to go on, for the message.
        scratch: folder to remove, which ends with the process otherwise; or None.
    """

    def __init__(self, entry_point):
        self._entry_point = entry_point
        self._reader, self._writer = socket.socketpair()
        self._begun = threading.Event()
        self._caller = self._made_run = None
        self.run = None
        self.advice = ""
        self.scratch = None

    def listen(self):
        """Take over both signals, from the main thread."""
        self._writer.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, lambda *_: None)  # the byte that it leaves in the socket is what counts
        threading.Thread(target=self._wait, daemon=True).start()
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)  # see launching

    def watch(self, caller, run_id):
        """End also when the caller does: a chain that was killed is not to go on in its steps.

        Args:
            caller: the ``psutil.Process`` of ``mlflow run``, or of main.
            run_id: the run that it made for this process.
        """
        self._caller, self._made_run = caller, run_id
        threading.Thread(target=self._watch, daemon=True).start()

    def hold(self):
        """Return at once, or never when the end has begun: what fails then is a consequence, what starts is too late."""
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
        except BaseException:  # the process ends in any case, but not without a word
            traceback.print_exc()
        finally:
            try:
                sys.stdout.flush()
                sys.stderr.flush()
            finally:  # nobody reads them any more, as under | head
                os._exit(128 + number)

    def _end(self):
        os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"  # a server that is gone does not delay the end
        # mlflow run sees the exit status later and writes FAILED over KILLED. The runs below main are main's to mark.
        corrector = None
        if self._caller and (self.run is None or PARENT not in self.run.data.tags):
            corrector = correct_after(self._caller.pid, self._made_run)
        end_children(but=corrector)
        if self.run is not None:
            time.sleep(0.2)  # what had passed hold() has begun by now, and is found below the run
            try:
                mark_killed(self.run.info.run_id)
            except Exception as error:  # the process ends in any case, and this is all that is left to say
                print(f"warning: the runs could not be marked KILLED: {error}", file=sys.stderr)
        if self.scratch:
            shutil.rmtree(self.scratch, ignore_errors=True)
        print(f"{self._entry_point} was stopped. {self.advice}".strip(), file=sys.stderr)


@contextmanager
def launching():
    """Around a call that starts a step and waits for it, which the end of this process waits for in turn.

    The step holds the signals back until it can :meth:`Stop.listen`, imports or not.
    """
    can_hold_back = hasattr(signal, "pthread_sigmask")
    before = can_hold_back and signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    os.environ[STARTER] = str(os.getpid())
    _launches.add(threading.get_ident())
    try:
        yield
    finally:
        _launches.discard(threading.get_ident())
        if can_hold_back:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_children(but):
    """Tell the processes that this one started, ``but`` one, to end, and wait until they have.

    Also until MLflow has written FAILED over the runs of those that were steps, or would do so after :func:`mark_killed`.
    """
    deadline = time.time() + PATIENCE
    told = set()
    below = [process for child in psutil.Process().children() for process in _below(child)]
    while True:
        children = [child for child in psutil.Process().children() if _is_alive(child) and child.pid != but]
        if not children and (not _launches or time.time() > deadline):
            break
        for child in children:
            with suppress(psutil.NoSuchProcess):
                # The workers of a search have nothing to put in order, and what Python starts beside them ignores signals.
                if time.time() > deadline or "multiprocessing" in " ".join(child.cmdline()):
                    child.kill()
                elif child not in told:
                    told.add(child)
                    child.terminate()
        # Their exit statuses are left to those who started them: MLflow takes a child that another has waited for for
        # a success.
        time.sleep(0.1)
    # What they had started ends by itself, such as the server that mlflow models serve leaves behind.
    psutil.wait_procs(below, timeout=PATIENCE / 3)


def _below(process):
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


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


def correct_after(caller, run_id):
    """Start a process that outlives this one and marks a run as KILLED again (:func:`correct`), and return its id."""
    root = str(PROJECT_ROOT)
    return subprocess.Popen(
        [sys.executable, "-m", "sentiment.workflow.stopping", run_id, str(caller)],
        env=os.environ | {"PYTHONPATH": root},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ).pid


def correct(run_id, caller):
    """Mark a run as KILLED when ``mlflow run``, the process ``caller``, has had its say or is gone."""
    from mlflow import MlflowClient

    deadline = time.time() + PATIENCE
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(caller)
        while _is_alive(process) and time.time() < deadline:
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
