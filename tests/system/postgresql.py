"""A PostgreSQL server of its own, for what only a real one shows."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.system.processes import free_port, wait_until


def find_programs() -> Path:
    """The folder of initdb and postgres, which Debian does not put on the PATH; skips where they are not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [shutil.which("initdb")]
    if not found[-1]:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    return Path(found[-1]).parent


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of an empty database; others on the same server are made with ``CREATE DATABASE``."""
    programs, port = find_programs(), free_port()
    # PostgreSQL refuses to be root; Debian's package makes a user for it.
    owner = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))  # pytest's own folders are closed to other users
    try:
        if owner:
            shutil.chown(folder, "postgres", "postgres")
        initialize = [
            programs / "initdb",
            "--auth=trust",
            "--username=mlflow",
            "--encoding=UTF8",
            "--no-sync",
            "-D",
            folder / "data",
        ]
        subprocess.run(initialize, check=True, capture_output=True, cwd=folder, **owner)
        options = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": folder, "fsync": "off"}
        server = subprocess.Popen(
            [programs / "postgres", "-D", folder / "data", *(f"--{name}={value}" for name, value in options.items())],
            cwd=folder,
            stderr=subprocess.DEVNULL,
            **owner,
        )
        url = f"postgresql://mlflow@127.0.0.1:{port}/postgres"
        try:
            wait_until(lambda: connect(url).close(), server)
            yield url
        finally:
            server.send_signal(signal.SIGINT)  # SIGTERM waits for clients to leave
            server.wait()
    finally:
        shutil.rmtree(folder)


def connect(url: str):
    """A connection; OSError where the server does not answer yet."""
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed: requirements-team.txt")
    try:
        return psycopg.connect(url, autocommit=True)
    except psycopg.OperationalError as error:
        raise OSError(error) from error
