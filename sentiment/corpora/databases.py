"""SQL databases by their addresses: how to connect, where passwords come from, what a query may do.

``main`` imports this module and starts without SQLAlchemy, so it is imported where it is used.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentiment.errors import UserError, first_line, optional_package

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection

PATIENCE = 10  # seconds to connect


@dataclass(frozen=True)
class Database:
    """The properties of a kind of database.

    Args:
        driver: SQLAlchemy's name of the dialect and the driver, if an address names none.
        login: where the driver takes a password from; empty for a file.
        requirements: the file that lists the driver's packages.
        read_only: a statement that makes a session read-only.
        options: options of SQLAlchemy that make a transaction read-only.
        begin: a statement that begins a transaction, if the driver begins it too late: after a table was created.
    """

    driver: str
    login: str = ""
    requirements: str = "requirements-sql.txt"
    read_only: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    begin: str = ""


DATABASES = {
    "postgresql": Database("postgresql+psycopg", "PGPASSWORD or in ~/.pgpass", options={"postgresql_readonly": True}),
    "mysql": Database("mysql+pymysql", "MYSQL_PWD or in ~/.my.cnf", read_only="SET SESSION TRANSACTION READ ONLY"),
    "sqlite": Database("sqlite", read_only="PRAGMA query_only = ON", begin="BEGIN IMMEDIATE"),
    "duckdb": Database("duckdb"),  # opened read-only
    "snowflake": Database(  # it has no read-only transactions: queries are only parsed
        "snowflake",
        "~/.snowflake/connections.toml, and its entry in connection_name=,",
        requirements="requirements-snowflake.txt",
    ),
}


def is_database(address: str) -> bool:
    """Whether an address has the form of a database's."""
    return "://" in address and dialect_of(address) in DATABASES


def dialect_of(address: str) -> str:
    """``postgresql`` of ``postgresql+psycopg://…``."""
    return address.partition("://")[0].partition("+")[0].lower()


@contextmanager
def connect(name: str, address: str, *, read_only: bool) -> Iterator[Connection]:
    """A connection to a database, in a transaction that is rolled back at the end unless it was committed.

    Args:
        name: the parameter and the address, for messages.
        address: of the database.
        read_only: whether nothing can be changed through it.

    Raises:
        UserError: the address is no URL, a package is missing, or the database refuses something in the block.
    """
    from sqlalchemy import create_engine
    from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError
    from sqlalchemy.pool import NullPool

    database = DATABASES[dialect_of(address)]
    url = parse_url(name, address)
    file = file_of(name, address)
    if read_only and file and not file.is_file():
        raise UserError(f"{name}: there is no such file: expected the path of a database after {url.drivername}:///")
    try:
        engine = create_engine(url, poolclass=NullPool, connect_args=_arguments(url, read_only))
        with engine.connect() as connection:
            if not read_only and database.begin:
                connection.exec_driver_sql(database.begin)
            if read_only:
                if database.read_only:
                    connection.exec_driver_sql(database.read_only)
                    connection.commit()
                connection.execution_options(**database.options)
            yield connection
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise UserError(f"{name} needs another package ({error}): pip install -r {database.requirements}") from error
    except SQLAlchemyError as error:
        raise UserError(f"{name}: {describe(error)}{_hint(describe(error), database)}") from error


def file_of(name: str, address: str) -> Path | None:
    """The path of a database in a file, existing or not; None for one on a server."""
    url = parse_url(name, address)
    return None if DATABASES[dialect_of(address)].login else Path(url.database or "")


def full_address(name: str, address: str) -> str:
    """The address; with the full path if the database is an existing file."""
    file = file_of(name, address)
    if file is None or not file.is_file():
        return address
    return address.replace(f":///{parse_url(name, address).database}", f":///{file.resolve()}", 1)


def parse_url(name: str, address: str) -> URL:
    """The URL of an address, without what follows ``#``; UserError if it is none."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    scheme, _, rest = address.partition("#")[0].partition("://")
    database = DATABASES[dialect_of(address)]
    try:
        url = make_url(f"{scheme if '+' in scheme else database.driver}://{rest}")
    except (ArgumentError, ValueError) as error:
        raise UserError(f"{name} is not a database URL, {error}: expected {scheme}://user@host:port/name") from error
    return url


def check_query(name: str, address: str, query: str) -> None:
    """Raise UserError for a query that is not one SELECT, or that changes something.

    Databases with read-only transactions refuse the change as well.
    """
    with optional_package(name, "sqlglot", DATABASES[dialect_of(address)].requirements):
        import sqlglot
        from sqlglot import exp
        from sqlglot.errors import SqlglotError
    try:
        statements = [found for found in sqlglot.parse(query, dialect=_sqlglot_dialect(address)) if found]
    except SqlglotError as error:
        problems = getattr(error, "errors", None) or [{"description": first_line(error)}]
        said, line, column = (problems[0].get(key) for key in ("description", "line", "col"))
        what = "something is missing" if str(said).startswith("Required keyword") else said
        raise UserError(
            f"query={query} cannot be read as SQL: {what}{f' (line {line}, column {column})' if line else ''}; correct "
            "it, or make a view of it in the database and select from that"
        ) from error
    changes = (exp.DML, exp.DDL, exp.Into, exp.Lock, exp.Command)
    if "/*!" in query or "/*M!" in query:  # comments that MySQL and MariaDB execute
        raise UserError(f"query={query} has a comment /*! that MySQL executes: leave it out")
    if len(statements) != 1 or not isinstance(statements[0], exp.Query) or statements[0].find(*changes):
        raise UserError(f"query={query} does more than read: expected a single SELECT that changes nothing")


def describe(error: Exception) -> str:
    """A database's error, in one line."""
    said = getattr(error, "orig", None) or error
    code_and_text = len(said.args) == 2 and isinstance(said.args[0], int)  # as MySQL's driver has it
    lines = str(said.args[1] if code_and_text else said).strip().splitlines()
    return lines[0] if lines else type(said).__name__


def _hint(message: str, database: Database) -> str:
    """What to do if a server cannot be reached, refuses a user, or has no such database."""
    said = message.lower()
    if database.login and any(word in said for word in ("password", "authentication", "access denied for user")):
        return f"; the password belongs in {database.login.rstrip(',')}"
    if "database" in said and any(words in said for words in ("does not exist", "unknown database")):
        return "; correct its name, the last part of the address"
    if any(words in said for words in ("permission denied", "command denied")):
        return "; let this user do it, or name another table"
    if any(words in said for words in ("refused", "can't connect", "resolve host")):
        return "; check the host and the port, and whether the server is running"
    return ""


def _sqlglot_dialect(address: str) -> str:
    return {"postgresql": "postgres"}.get(dialect_of(address), dialect_of(address))


def _arguments(url: URL, read_only: bool) -> dict[str, Any]:
    """Arguments of the driver's ``connect``."""
    kind = dialect_of(url.drivername + "://")
    if kind == "duckdb":
        return {"read_only": read_only}
    if kind == "sqlite" and not read_only:
        return {"isolation_level": None}  # only ``Database.begin`` begins a transaction
    if kind == "postgresql" and "connect_timeout" not in url.query:
        return {"connect_timeout": PATIENCE}
    if kind == "mysql":  # its driver does neither of the two by itself
        options = Path(os.path.expanduser("~/.my.cnf"))  # unlike Path.expanduser, works without a home
        arguments: dict[str, Any] = {"charset": "utf8mb4"}
        if "MYSQL_PWD" in os.environ:
            arguments["password"] = os.environ["MYSQL_PWD"]
        if options.is_file():
            arguments["read_default_file"] = str(options)
        return arguments
    return {}
