"""Steps that run other steps: each as an MLflow project run nested under the active one."""

import logging
import os
import re
import sys
from collections.abc import Mapping
from typing import Any

import mlflow
from mlflow.exceptions import ExecutionException, MlflowException

from sentiment.errors import UserError, killed
from sentiment.paths import PROJECT_ROOT
from sentiment.runs import with_result
from sentiment.tracking import COMPARE_RUN, ERROR, FEATURIZE_RUN, INGEST_RUN, PROCESS, active_run
from sentiment.workflow.command_line import format_value
from sentiment.workflow.stopping import launching


def launch(entry_point: str, parameters: Mapping[str, Any], run_name: str | None = None) -> str:
    """Run an entry point of this project under the active run and wait for it.

    Args:
        entry_point: name of the step.
        parameters: its parameters; others have their defaults.
        run_name: name of the run in the UI, by default the entry point's.

    Returns:
        The id of its FINISHED run.

    Raises:
        UserError: it failed; the message is the line that it left in its tag ``error``.
    """
    logging.getLogger("mlflow.projects").setLevel(logging.WARNING)
    use_this_python()
    try:
        with launching():
            submitted = mlflow.run(
                str(PROJECT_ROOT),
                entry_point,
                parameters={name: format_value(value) for name, value in parameters.items()},
                experiment_id=active_run().info.experiment_id,
                run_name=run_name or entry_point,
                env_manager="local",  # the project's environment is already active
            )
    except ExecutionException as failure:
        raise _explain(str(failure), entry_point, parameters) from failure
    return submitted.run_id


def use_this_python() -> None:
    """Put the folder of the running interpreter first on PATH, since MLproject's commands name it ``python``."""
    folder = os.path.dirname(sys.executable)
    path = os.environ.get("PATH", "")
    if path.split(os.pathsep)[0] != folder:
        os.environ["PATH"] = folder + os.pathsep + path


def _explain(message: str, entry_point: str, parameters: Mapping[str, Any]) -> UserError:
    """The line that a failed child left in its tag ``error``; MLflow's exception names the child only in its text.

    A child that began its work and left no line was killed.
    """
    run_id = re.search(r"ID '(\w+)'", message)
    try:
        tags = mlflow.get_run(run_id[1]).data.tags if run_id else {}
        if PROCESS in tags and ERROR not in tags:
            return killed(f"{entry_point} {parameters.get('family', '')}".strip(), _count_texts(parameters))
    except MlflowException:  # the child has printed its line
        tags = {}
    return UserError(tags.get(ERROR, f"{entry_point} failed: {message}"), shown=True)


def _count_texts(links: Mapping[str, Any]) -> int | None:
    """The number of texts of the corpus that a step works on; None if they have not been counted yet.

    Args:
        links: parameters of the step or tags of a run, which name its input runs.
    """
    for name in (INGEST_RUN, FEATURIZE_RUN, "tune_runs", COMPARE_RUN):
        if given := links.get(name):
            run = with_result(mlflow.get_run(given if isinstance(given, str) else given[0]))
            counts = [value for key, value in run.data.metrics.items() if key.startswith("documents_")]
            return int(sum(counts)) if counts else _count_texts(run.data.tags)
    return None
