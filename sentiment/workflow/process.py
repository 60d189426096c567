"""How an entry point starts and ends: in the caller's directory, inside its MLflow run, with one line for a mistake."""

import gc
import importlib
import logging
import os
import socket
import sys
from contextlib import contextmanager
from urllib.parse import urlsplit

import psutil

from sentiment.errors import UserError
from sentiment.paths import PROJECT_ROOT
from sentiment.workflow.parameters import entry_points, parse
from sentiment.workflow.reuse import run_or_reuse
from sentiment.workflow.stopping import STARTER


def run_entry_point(entry_point, arguments, stop):
    """Run an entry point as a process: parse its parameters, open its MLflow run, call its function, report a mistake.

    Args:
        entry_point: name of the entry point in MLproject, of its module in ``steps`` and of the function in it, which
            takes the parsed parameters (:func:`sentiment.workflow.parameters.parse`) with ``hold``, to be called before
            something is begun that is not to begin when the process has been told to end.
        arguments: the command line, a list of str.
        stop: the :class:`sentiment.workflow.stopping.Stop` of this process.
    """
    quieten()
    started_by_mlflow = "MLFLOW_RUN_ID" in os.environ
    caller = callers_process() if started_by_mlflow else None
    if caller:
        os.chdir(caller.cwd())
        stop.watch(caller, os.environ["MLFLOW_RUN_ID"])
    try:
        if entry_point not in entry_points():
            raise UserError(f"there is no entry point {entry_point!r}: expected one of {', '.join(entry_points())}")
        body = getattr(importlib.import_module(f"steps.{entry_point}"), entry_point)
        with open_run(entry_point, stop):
            parameters = parse(entry_point, arguments)
            reuses = "reuse" in parameters
            if reuses:
                again = "The same command" if parameters.reuse else "The same command with -P reuse=true"
                stop.advice = f"{again} takes up what has finished."
            gc.freeze()  # what has been imported stays, and need not be looked at
            gc.enable()
            if not started_by_mlflow:  # mlflow run has logged them
                import mlflow

                mlflow.log_params({k: v for k, v in (vars(parameters) | parameters.more).items() if k != "more"})
            parameters.hold = stop.hold
            if entry_point == "main" or not reuses:
                body(parameters)
            else:
                run_or_reuse(entry_point, body, parameters)
    except UserError as mistake:
        if not mistake.shown:
            print(f"error: {mistake}", file=sys.stderr, flush=True)
        sys.exit(mistake.status)


def quieten():
    """Keep the console for what the steps say: no notes from TensorFlow's start, MLflow's progress bars and INFO lines."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    logging.getLogger("mlflow").setLevel(logging.WARNING)


def callers_process():
    """The process in which ``mlflow run`` was typed, or None where the step is not in MLflow's hands.

    MLflow starts a step in the project's folder, which for a git URL is a temporary clone. Relative
    paths (a corpus, NLTK_DATA, a tracking URI such as sqlite:///mlflow.db) belong to the caller.
    Where the caller cannot be asked, the step stays where it is. Where it was killed before that, the step ends.
    """
    if os.path.realpath(os.getcwd()) != str(PROJECT_ROOT):
        return None
    try:
        caller = psutil.Process().parent()
        if caller.cmdline()[:2] == ["bash", "-c"]:  # the shell that MLflow starts a command in
            caller = caller.parent()
        if caller.pid != int(os.environ.get(STARTER, caller.pid)):  # init takes in what has lost its parent
            sys.exit("the process that started this step is gone")
        caller.cwd()
        return caller
    except (psutil.Error, OSError) as reason:
        print(f"warning: relative paths are taken from {os.getcwd()} ({reason})", file=sys.stderr)
        return None


@contextmanager
def open_run(entry_point, stop):
    """The MLflow run of this step: the one that ``mlflow run`` made, or a new one for a step started by hand."""
    import mlflow
    from mlflow.exceptions import MlflowException

    check_tracking_server(mlflow.get_tracking_uri())
    try:
        with mlflow.start_run() as run:
            stop.run = run
            try:
                # A step started by hand has to be found by the steps that follow it, too.
                mlflow.set_tag("mlflow.project.entryPoint", entry_point)
                yield run
            except BaseException as error:
                stop.hold()
                mlflow.set_tag("error", (str(error) or type(error).__name__)[:5000])  # a tag holds no more everywhere
                raise
            stop.hold()
    except MlflowException as error:
        if "API request to" in str(error):  # MLflow's wording when a server stays silent
            raise UserError(f"the tracking server stopped answering: {error}") from error
        raise


def check_tracking_server(uri):
    """Raise UserError at once where nothing listens at a tracking URI; MLflow itself would retry for minutes."""
    address = urlsplit(uri)
    if address.scheme not in ("http", "https"):
        return
    port = address.port or (443 if address.scheme == "https" else 80)
    try:
        socket.create_connection((address.hostname, port), timeout=10).close()
    except OSError as reason:
        raise UserError(
            f"the tracking server {uri} does not answer ({reason}): start it, or correct MLFLOW_TRACKING_URI"
        ) from reason
