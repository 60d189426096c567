"""Secrets from files, as Docker and Kubernetes mount them: ``NAME_FILE`` is the path of a file that holds ``NAME``.

``python -m sentiment.secret_files COMMAND …`` runs a command with them.
"""

import os
import sys
from collections.abc import MutableMapping
from pathlib import Path

from sentiment.errors import UserError

SUFFIX = "_FILE"
# Variables whose value is a secret; those of libraries that end in _FILE themselves are left alone.
SECRETS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_CLIENT_SECRET",
    "MLFLOW_AUTH_ADMIN_PASSWORD",
    "MLFLOW_FLASK_SERVER_SECRET_KEY",
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
    "PGPASSWORD",
)


def read_secret_files(environment: MutableMapping[str, str]) -> None:
    """Set each secret whose file an environment names, without trailing line breaks, and drop the file's name.

    Raises:
        UserError: a file cannot be read, or the variable is given both ways.
    """
    for name in SECRETS:
        path = environment.get(f"{name}{SUFFIX}")
        if not path:
            continue
        if environment.get(name):
            raise UserError(f"{name} and {name}{SUFFIX} are both set: leave out one of them")
        try:
            environment[name] = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{name}{SUFFIX}={path}: the file cannot be read ({type(error).__name__})") from error
        del environment[f"{name}{SUFFIX}"]


def main(command: list[str]) -> None:
    """Become the command, which gets its secrets in its environment."""
    try:
        read_secret_files(os.environ)
    except UserError as error:
        sys.exit(f"error: {error}")
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
