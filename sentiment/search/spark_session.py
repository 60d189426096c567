"""Sessions on an existing Spark cluster."""

from __future__ import annotations

import logging
import socket

import mlflow
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from sentiment.errors import UserError

CONNECT_SECONDS = 10
# What a call of Spark raises: if its JVM was killed or has ended, only a ConnectionError.
FAILURES = (Py4JError, PySparkException, ConnectionError)


def start_session(master: str, step: str, settings: dict[str, str]) -> SparkSession:
    """Start a session.

    Args:
        master: URL of the cluster, ``spark://host:port``, or ``local[n]`` for n processes on this machine.
        step: the step that uses it.
        settings: Spark's settings.

    Raises:
        UserError: no master answers, or Spark does not start.
    """
    _check_master(master)
    logging.getLogger().addFilter(_is_not_of_py4j)
    quiet = {"spark.ui.showConsoleProgress": "false", "spark.log.level": "OFF"}  # failures are reported in one line
    builder = SparkSession.builder.master(master).appName(f"sentiment: {step}")
    for key, value in (quiet | settings).items():
        builder = builder.config(key, value)
    try:
        return builder.getOrCreate()
    except FAILURES as error:
        raise UserError(f"spark_master={master}: Spark does not start ({failure_reason(error)})") from error


def stop_session(session: SparkSession) -> None:
    """Stop a session; nothing is left to stop if its JVM has ended."""
    try:
        session.stop()
    except ConnectionError:
        # MLflow would ask it for the registry's URI, even to end a run, and the run would stay RUNNING.
        mlflow.set_registry_uri(mlflow.get_tracking_uri())


def failure_reason(error: Exception) -> str:
    """The cause of a failure in the JVM, or of the Python code that a worker ran, in one line."""
    if isinstance(error, ConnectionError):
        return "its JVM has ended, most likely because the memory ran out"
    _, raised, after = str(error).partition("Traceback (most recent call last):\n")
    if raised and (python := next((line for line in after.splitlines() if line[:1].strip()), "")):
        return python  # what follows the indented lines
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    found = next((line for line in lines if "Exception" in line or "Lost task" in line), lines[0])
    return found.removeprefix(": ")  # py4j prefixes it to the message


def _is_not_of_py4j(record: logging.LogRecord) -> bool:
    """Whether a record of the root logger is not from py4j, which logs what it also raises, with a traceback."""
    return record.module != "java_gateway"


def _check_master(master: str) -> None:
    """Raise UserError if no master answers. Spark itself would retry for a minute."""
    scheme, _, addresses = master.partition("://")
    if scheme != "spark":
        return
    reason: Exception | None = None
    for address in addresses.split(","):
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS).close()
            return
        except (OSError, ValueError) as error:
            reason = error
    raise UserError(f"spark_master={master}: no master answers ({reason}): expected spark://host:port of a running one")
