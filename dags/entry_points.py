"""Run an entry point of the project from a task of Airflow, in the project's environment.

The two do not share packages. SENTIMENT_PYTHON names the interpreter of the environment in which requirements.txt is
installed. Credentials, such as MLFLOW_TRACKING_TOKEN, are in the worker's environment.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
FOUND = 3  # exit status: the gate was not passed, or monitoring alerts


class Found(Exception):
    """An entry point has ended with an alert or a failed gate: a result, and no failure to be tried again."""


def run_entry_point(name: str, tags: dict[str, str] | None = None, **parameters: Any) -> str:
    """``python -m steps NAME --parameter=value …``; an empty value, or None, stands for the parameter's default.

    Args:
        name: the entry point.
        tags: more tags of its MLflow run.
        parameters: of the entry point.

    Returns:
        What it printed.

    Raises:
        Found: it ended with an alert or a failed gate.
        RuntimeError: it failed.
    """
    given = {key: value for key, value in parameters.items() if value not in ("", None)}
    texts = {key: ",".join(map(str, value)) if isinstance(value, list) else value for key, value in given.items()}
    return run_python("-m", "steps", name, *(f"--{key}={value}" for key, value in texts.items()), tags=tags)


def run_python(*arguments: str, tags: dict[str, str] | None = None) -> str:
    """Run the project's interpreter; see :func:`run_entry_point`."""
    command = [os.environ.get("SENTIMENT_PYTHON", "python"), *arguments]
    process = subprocess.Popen(
        command,
        env=os.environ | {"PYTHONPATH": str(PROJECT)} | ({"MLFLOW_RUN_CONTEXT": json.dumps(tags)} if tags else {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    printed = []
    try:
        for line in process.stdout or ():
            print(line, end="", flush=True)  # to the task's log, as it comes
            printed.append(line)
    except BaseException:  # the task was cleared, or is over its time
        process.terminate()
        raise
    if process.wait() == FOUND:
        raise Found("".join(printed[-3:]))
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments[:3])} ended with {process.returncode}: {''.join(printed[-3:])}")
    return "".join(printed)
