"""Steps that run other steps: each as an MLflow project run nested under the active one."""

import logging
import os
import re
import sys
from collections.abc import Mapping
from typing import Any

import mlflow
from mlflow.exceptions import ExecutionException, MlflowException

from sentiment.errors import UserError
from sentiment.paths import PROJECT_ROOT
from sentiment.tracking import ERROR, active_run
from sentiment.workflow.command_line import format_value
from sentiment.workflow.stopping import launching


def launch(entry_point: str, parameters: Mapping[str, Any], run_name: str | None = None) -> str:
    """Run an entry point of this project under the active run and wait for it.

    Args:
        entry_point: name of the step.
        parameters: its parameters; those that are not given have their defaults.
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
                env_manager="local",  # the active environment is the project's already
            )
    except ExecutionException as failure:
        raise UserError(_reason(str(failure), entry_point), shown=True) from failure
    return submitted.run_id


def use_this_python() -> None:
    """Put the folder of the running interpreter first on PATH, since MLproject's commands name it ``python``."""
    folder = os.path.dirname(sys.executable)
    path = os.environ.get("PATH", "")
    if path.split(os.pathsep)[0] != folder:
        os.environ["PATH"] = folder + os.pathsep + path


def _reason(message: str, entry_point: str) -> str:
    """The line that a failed child left in its tag ``error``; MLflow's exception names the child in its text alone."""
    run_id = re.search(r"ID '(\w+)'", message)
    try:
        tags = mlflow.get_run(run_id[1]).data.tags if run_id else {}
    except MlflowException:  # the child has printed its line
        tags = {}
    return tags.get(ERROR, f"{entry_point} failed: {message}")
