"""Servers of databases on this machine, with a user ada whose password is secret."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from glob import glob
from pathlib import Path

import pytest

from tests.system.processes import free_port, running

# They refuse to run as root.
SOMEONE = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


@contextmanager
def postgresql() -> Iterator[str]:
    """The address of a database of a PostgreSQL server; the password is for PGPASSWORD."""
    programs = postgresql_programs()
    with _folder() as folder:
        (folder / "password").write_text("secret")
        create = [
            "--auth=scram-sha-256",
            "--username=ada",
            f"--pwfile={folder}/password",
            "--no-sync",
            "--locale=C.UTF-8",
        ]
        _call(folder, programs / "initdb", f"--pgdata={folder}/data", *create)
        port = free_port()
        options = ["-p", str(port), "-k", str(folder), "-c", "fsync=off", "-c", "listen_addresses=127.0.0.1"]
        with _server(folder, port, programs / "postgres", "-D", f"{folder}/data", *options):
            yield f"postgresql://ada@127.0.0.1:{port}/postgres"


def postgresql_programs() -> Path:
    """The folder of PostgreSQL's programs, which Debian does not put on the PATH; skips where they are missing."""
    found = [shutil.which("initdb"), *sorted(glob("/usr/lib/postgresql/*/bin/initdb"))]
    initdb = next((Path(path).resolve() for path in found if path), None)
    if initdb is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    return initdb.parent


@contextmanager
def mysql() -> Iterator[str]:
    """The address of a database of a MariaDB server; the password is for MYSQL_PWD."""
    if not (shutil.which("mariadbd") and shutil.which("mariadb-install-db")):
        pytest.skip("MariaDB is not installed: apt-get install mariadb-server")
    with _folder() as folder:
        data = f"--datadir={folder}/data"
        _call(folder, "mariadb-install-db", "--no-defaults", data, "--auth-root-authentication-method=normal")
        port, script = free_port(), folder / "users.sql"
        script.write_text(
            "create database shop character set utf8mb4;\ncreate user ada@'127.0.0.1' identified by 'secret';\n"
            "grant all on *.* to ada@'127.0.0.1';\n"
        )
        address = [
            "--skip-name-resolve",
            "--bind-address=127.0.0.1",
            f"--port={port}",
            f"--socket={folder}/socket",
            f"--init-file={script}",
        ]
        with _server(folder, port, "mariadbd", "--no-defaults", data, *address):
            yield f"mysql://ada@127.0.0.1:{port}/shop"


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder of the user that runs the server; those of pytest are closed to it."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        if SOMEONE:
            shutil.chown(name, SOMEONE["user"], SOMEONE["group"])
        yield Path(name)


def _call(folder: Path, *command: str | Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, **SOMEONE)
    assert done.returncode == 0, done.stderr[-2000:]


@contextmanager
def _server(folder: Path, port: int, *command: str | Path) -> Iterator[None]:
    with open(folder / "log", "wb") as log, running(port, *command, cwd=folder, stdout=log, stderr=log, **SOMEONE):
        yield
