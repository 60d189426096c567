"""Commands of this project that are printed for a user to type."""

import os
import shlex
from collections.abc import Mapping

from sentiment.errors import hide_credentials
from sentiment.paths import PROJECT_ROOT
from sentiment.tracking import GIT_BRANCH, GIT_COMMIT, PROJECT_ENV, SOURCE_NAME

COMMAND = "SENTIMENT_COMMAND"  # environment variable: how the user starts an entry point; steps below inherit it


def project_command(entry_point: str = "main", **parameters: object) -> str:
    """The complete command ``mlflow run …`` of an entry point, to be typed in the caller's folder.

    Args:
        entry_point: its name.
        parameters: its parameters; one that acts on a registered model needs ``registered_model``.
    """
    start = os.environ.get(COMMAND, "mlflow run . --env-manager local")
    pairs = [f" -P {shlex.quote(f'{name}={value}')}" for name, value in parameters.items()]
    return start + ("" if entry_point == "main" else f" -e {entry_point}") + "".join(pairs)


def curl_command(address: str) -> str:
    """``curl …`` that asks the server of a model about a text."""
    body = '{"inputs": ["A gem. I laughed all the way home."]}'
    return f"curl {address} -H 'Content-Type: application/json' -d '{body}'"


def remember_command(tags: Mapping[str, str]) -> None:
    """Keep, for :func:`project_command`, how the user started the project; nothing if a step above has done so.

    Args:
        tags: of the run, set by MLflow.
    """
    source = tags.get(SOURCE_NAME, str(PROJECT_ROOT))
    _, cloned, path = source.partition("/file:/")  # MLflow clones a file:///… and logs it as a relative path
    if cloned:
        source = f"file:///{path}"
    if not cloned and os.path.exists(source.removeprefix("file://").partition("#")[0]):
        uri = "." if os.getcwd() == str(PROJECT_ROOT) else shlex.quote(str(PROJECT_ROOT))
    else:  # a git URL, of which PROJECT_ROOT is a temporary clone
        uri = shlex.quote(hide_credentials(source))
        # Not for a folder: with a version MLflow fetches into it, which makes a user's own repository shallow.
        # For a version that is a git tag or a commit, MLflow only keeps the commit.
        if version := tags.get(GIT_BRANCH) or tags.get(GIT_COMMIT):
            uri += f" --version {shlex.quote(version)}"
    # A step that was started by hand, and one in the active environment, has no tag.
    manager = tags.get(PROJECT_ENV, "local")
    os.environ.setdefault(COMMAND, f"mlflow run {uri} --env-manager {manager}")
