"""How a step starts and ends: in the caller's directory, inside its MLflow run, with one line for a mistake."""

import logging
import os
import socket
import sys
from contextlib import contextmanager
from urllib.parse import urlsplit

import psutil

from steps.workflow.errors import UserError
from steps.workflow.parameters import PROJECT_ROOT, parse


def run_step(entry_point, body, accepts_more=False):
    """Run a step as a process: parse its parameters, open its MLflow run, call ``body``, report a mistake.

    Args:
        entry_point: name of the entry point in MLproject.
        body: function of the parsed parameters (see :func:`steps.workflow.parameters.parse`).
        accepts_more: whether parameters beyond the declared ones are accepted (hyperparameters).
    """
    quieten()
    started_by_mlflow = "MLFLOW_RUN_ID" in os.environ
    go_to_callers_directory()
    try:
        with open_run(entry_point):
            parameters = parse(entry_point, sys.argv[1:], accepts_more)
            if not started_by_mlflow:  # mlflow run has logged them
                import mlflow

                mlflow.log_params({k: v for k, v in (vars(parameters) | parameters.more).items() if k != "more"})
            body(parameters)
    except KeyboardInterrupt:
        print(f"{entry_point} was stopped", file=sys.stderr, flush=True)
        sys.exit(130)
    except UserError as mistake:
        if not mistake.shown:
            print(f"error: {mistake}", file=sys.stderr, flush=True)
        sys.exit(1)


def quieten():
    """Keep the console for what the steps say: no notes from TensorFlow's start, MLflow's progress bars and INFO lines."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    logging.getLogger("mlflow").setLevel(logging.WARNING)


def go_to_callers_directory():
    """Change to the directory in which ``mlflow run`` was typed.

    MLflow starts a step in the project's folder, which for a git URL is a temporary clone. Relative
    paths (a corpus, NLTK_DATA, a tracking URI such as sqlite:///mlflow.db) belong to the caller.
    Where the caller cannot be asked, the step stays where it is.
    """
    if "MLFLOW_RUN_ID" not in os.environ or os.path.realpath(os.getcwd()) != str(PROJECT_ROOT):
        return
    try:
        caller = psutil.Process().parent()
        if caller.cmdline()[:2] == ["bash", "-c"]:  # the shell that MLflow starts a command in
            caller = caller.parent()
        os.chdir(caller.cwd())
    except (psutil.Error, OSError) as reason:
        print(f"warning: relative paths are taken from {os.getcwd()} ({reason})", file=sys.stderr)


@contextmanager
def open_run(entry_point):
    """The MLflow run of this step: the one that ``mlflow run`` made, or a new one for a step started by hand."""
    import mlflow
    from mlflow.exceptions import MlflowException

    check_tracking_server(mlflow.get_tracking_uri())
    try:
        with mlflow.start_run() as run:
            try:
                # A step started by hand has to be found by the steps that follow it, too.
                mlflow.set_tag("mlflow.project.entryPoint", entry_point)
                yield run
            except BaseException as error:
                mlflow.set_tag("error", (str(error) or type(error).__name__)[:5000])  # a tag holds no more everywhere
                raise
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
