"""The process of an entry point: in the caller's directory, inside its MLflow run, with one line per user error."""

import gc
import importlib
import inspect
import logging
import os
import re
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import mlflow
import psutil
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from sentiment.commands import remember_command
from sentiment.errors import CredentialsGiven, UserError, hide_credentials, killed
from sentiment.paths import PROJECT_ROOT
from sentiment.secret_files import read_secret_files
from sentiment.tracking import ENTRY_POINT, ERROR, MAX_TAG, PARENT, PROCESS, REFUSED, UNANSWERED
from sentiment.workflow.command_line import HELP, list_entry_points, parse, suggest
from sentiment.workflow.logged_parameters import log_parameters
from sentiment.workflow.naming import name_run
from sentiment.workflow.process_tag import this_process
from sentiment.workflow.reuse import run_or_reuse
from sentiment.workflow.step_table import STEPS
from sentiment.workflow.stopping import (
    STARTER,
    STARTERS_FOLDER,
    Stop,
    end_launches,
    mark_below_killed,
    mark_killed,
    mark_orphans,
)


def run_entry_point(entry_point: str, arguments: list[str], stop: Stop) -> None:
    """Run an entry point as a process: parse its parameters, open its MLflow run, call its function, report an error.

    The function has the name of the entry point and of its module in ``steps``. It takes the step's parameter model and
    the runs that the step builds on, under the name of the parameter that holds their ids. If it has an argument
    ``hold``, it gets a function to call before starting anything that must not start once the process is ending.

    Args:
        entry_point: name of the step.
        arguments: the command line.
        stop: ends this process on a signal.
    """
    quieten()
    started_by_mlflow = "MLFLOW_RUN_ID" in os.environ
    caller = go_to_caller() if started_by_mlflow else None
    if caller:
        stop.watch(caller, os.environ["MLFLOW_RUN_ID"])
    try:
        read_secret_files(os.environ)
        if entry_point in HELP:
            print(list_entry_points())
            return
        if entry_point not in STEPS:
            raise UserError(f"there is no entry point {entry_point!r}: {suggest(entry_point, STEPS)}")
        if HELP & set(arguments):
            parse(entry_point, arguments)
        body = getattr(importlib.import_module(f"steps.{entry_point}"), entry_point)
        with open_run(entry_point, stop) as run:
            try:
                parameters = parse(entry_point, arguments)
            except CredentialsGiven as given:
                raise describe_logged(given, run.info.run_id) if started_by_mlflow else given from None
            if hasattr(parameters, "reuse"):
                again = "The same command" if parameters.reuse else "The same command with -P reuse=true"
                stop.advice = f"{again} resumes from what has finished."
            gc.freeze()  # imported objects stay, and need not be traversed
            gc.enable()
            log_parameters(parameters, run)
            if STEPS[entry_point].input:
                run_or_reuse(entry_point, _with_hold(body, stop), parameters)
            else:
                name_run(entry_point, parameters, {})
                _with_hold(body, stop)(parameters)
    except UserError as mistake:
        if not mistake.shown or entry_point == "main":  # whose output is read from the end, far below the step's line
            print(f"error: {mistake}", file=sys.stderr, flush=True)
        sys.exit(mistake.status)


def describe_logged(given: CredentialsGiven, run_id: str) -> CredentialsGiven:
    """The error for credentials that ``mlflow run`` logged before this process began: parameters are permanent."""
    return CredentialsGiven(
        f"{given}. `mlflow run` has logged it already, with run {run_id}: change the password or revoke the link, then "
        f"`mlflow runs delete --run-id {run_id}` and `mlflow gc --run-ids {run_id}`"
    )


def quieten() -> None:
    """Keep the console for the steps' output: no notes of TensorFlow, no progress bars and INFO lines of MLflow."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "5")  # wait a minute for a server, not four
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"  # it would show a tracking server's password
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    for name in ("sqlglot", "psycopg"):  # they also raise what they warn of
        logging.getLogger(name).setLevel(logging.ERROR)


def go_to_caller() -> psutil.Process | None:
    """Go to the folder of ``mlflow run``; returns its process, or None if it did not start the step.

    MLflow starts a step in the project's folder, which for a git URL is a temporary clone. Relative paths (a corpus,
    NLTK_DATA, a tracking URI such as sqlite:///mlflow.db) are meant from the caller's folder. If the caller cannot be
    inspected, the step stays where it is. If the caller is gone already, the step ends. In a container that MLflow has
    started for a step, which is then its first process, there is no caller.
    """
    if os.path.realpath(os.getcwd()) != str(PROJECT_ROOT) or os.getpid() == 1:
        return None
    try:
        caller = psutil.Process().parent()
        if caller and caller.cmdline()[:2] == ["bash", "-c"]:  # the shell in which MLflow starts a command
            caller = caller.parent()
        if caller and caller.pid == int(os.environ.get(STARTER, caller.pid)):  # init adopts orphans
            os.chdir(caller.cwd())
            return caller
    except psutil.NoSuchProcess:
        pass  # it has ended meanwhile
    except (psutil.Error, OSError) as reason:
        print(f"warning: relative paths are taken from {os.getcwd()} ({reason})", file=sys.stderr)
        return None
    if STARTERS_FOLDER in os.environ:
        os.chdir(os.environ[STARTERS_FOLDER])
        mark_killed(os.environ["MLFLOW_RUN_ID"])
    sys.exit("the process that started this step has ended")


@contextmanager
def open_run(entry_point: str, stop: Stop) -> Iterator[Run]:
    """The MLflow run of this step: the one from ``mlflow run``, or a new one for a step started by hand."""
    check_tracking_server(mlflow.get_tracking_uri())
    check_tracking_file(mlflow.get_tracking_uri())
    try:
        with mlflow.start_run() as run:
            stop.run = run
            try:
                # MLflow logs the URL of the project as given, including a token.
                hidden = {
                    name: shown for name, value in run.data.tags.items() if (shown := hide_credentials(value)) != value
                }
                # Later steps must also find a step started by hand.
                mlflow.set_tags(hidden | {ENTRY_POINT: entry_point, PROCESS: this_process()})
                if PARENT not in run.data.tags:
                    mark_orphans(run.info.experiment_id)
                remember_command(run.data.tags)
                yield run
            except BaseException as raised:
                stop.hold()
                error = explain(raised)
                if isinstance(raised, MlflowException):  # do not wait for minutes again
                    os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"
                if isinstance(raised, BrokenPipeError):  # else Python writes it again at exit
                    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                end_launches()
                with suppress(MlflowException):  # the line is printed anyway
                    mark_below_killed(run.info.run_id)
                    line = hide_credentials(str(error)) or type(error).__name__
                    mlflow.set_tag(ERROR, line[:MAX_TAG])
                if error is raised:
                    raise
                raise error from raised
            stop.hold()
    except (MlflowException, OSError, ImportError) as error:
        raise explain(error) from error


def explain(error: BaseException) -> BaseException:
    """A UserError for failures of MLflow's stores or a killed process; every other error unchanged."""
    text = str(error)
    if isinstance(error, BrokenProcessPool):
        return killed("a process of this step", None)
    if isinstance(error, BrokenPipeError):
        return UserError("the output was closed: its pipe or console is gone")
    if isinstance(error, MlflowException):
        return _explain_mlflow(error)
    if isinstance(error, ModuleNotFoundError):
        if any(name in text for name in ("psycopg", "boto", "flask_wtf")):
            return UserError(f"{text}; PostgreSQL and S3 need the packages of `pip install -r requirements-team.txt`")
        return UserError(
            f"{text}; unless your tracking or artifact store needs it, the environment is older than this checkout: "
            "pip install -r requirements.txt"
        )
    if isinstance(error, OSError) or type(error).__module__.startswith("boto"):
        return UserError(f"a file or store cannot be used, {type(error).__name__}: {text}")
    return error


def _explain_mlflow(error: MlflowException) -> BaseException:
    text = str(error)
    if error.error_code in REFUSED:
        return UserError(
            f"the tracking server refuses this user ({text}): check MLFLOW_TRACKING_USERNAME and "
            "MLFLOW_TRACKING_PASSWORD, or ask for the permission"
        )
    if deleted := re.search(r"experiment (\d+) must be in the 'active'", text):
        return UserError(
            f"experiment {deleted[1]} was deleted: restore it with `mlflow experiments restore --experiment-id "
            f"{deleted[1]}`, or name another with MLFLOW_EXPERIMENT_NAME"
        )
    if "MLFLOW_EXPERIMENT_ID" in text:
        return UserError(
            f"{text.rstrip('.')}: correct MLFLOW_EXPERIMENT_ID, or unset it and give MLFLOW_EXPERIMENT_NAME"
        )
    if UNANSWERED in text:
        return UserError(f"the tracking server stopped answering: {text}")
    return error


def check_tracking_server(uri: str) -> None:
    """Raise UserError at once if nothing listens at a tracking URI, or at the proxy for it.

    MLflow itself would retry for minutes.
    """
    address = urlsplit(uri)
    if address.scheme not in ("http", "https"):
        return
    proxies = {} if proxy_bypass(address.hostname or "") else getproxies()
    proxy = proxies.get(address.scheme, proxies.get("all"))
    if proxy:
        address = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    port = address.port or (443 if address.scheme == "https" else 80)
    through = f" through the proxy {address.hostname}:{port}" if proxy else ""
    try:
        socket.create_connection((address.hostname or "", port), timeout=10).close()
    except OSError as reason:
        raise UserError(
            f"the tracking server {uri} does not answer{through} ({reason}): start it, or correct MLFLOW_TRACKING_URI"
        ) from reason


def check_tracking_file(uri: str) -> None:
    """Raise UserError at once if the SQLite file of a tracking URI cannot be written. MLflow would try for minutes.

    MLflow creates missing folders. SQLite writes a journal next to the file.
    """
    if not uri.startswith("sqlite"):
        return
    from sqlalchemy import make_url  # MLflow imports it for such a URI anyway

    name = make_url(uri).database or ":memory:"
    if name.startswith((":memory:", "file:")):
        return
    file = os.path.abspath(name)
    folder = next(str(above) for above in Path(file).parents if os.path.exists(above))
    can_write = os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK)
    if not can_write or (os.path.exists(file) and not (os.path.isfile(file) and os.access(file, os.W_OK))):
        raise UserError(
            f"{file} cannot be written, where MLflow would store the runs: use a writable folder, or set "
            "MLFLOW_TRACKING_URI to another file or a server"
        )


def _with_hold(body: Callable[..., None], stop: Stop) -> Callable[..., None]:
    """The function of a step, with ``hold`` filled in if it takes it."""
    given: dict[str, Any] = {"hold": stop.hold} if "hold" in inspect.signature(body).parameters else {}
    return lambda *args, **runs: body(*args, **runs, **given)
