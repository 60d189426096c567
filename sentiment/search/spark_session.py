"""Sessions on an existing Spark cluster."""

from __future__ import annotations

import socket

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from sentiment.errors import UserError

CONNECT_SECONDS = 10


def start_session(master: str, step: str, settings: dict[str, str]) -> SparkSession:
    """Start a session.

    Args:
        master: URL of the cluster, ``spark://host:port``, or ``local[n]`` for n processes on this machine.
        step: what it is used for.
        settings: Spark's settings.

    Raises:
        UserError: no master answers, or Spark does not start.
    """
    _check_master(master)
    quiet = {"spark.ui.showConsoleProgress": "false", "spark.log.level": "OFF"}  # failures are reported in one line
    builder = SparkSession.builder.master(master).appName(f"sentiment: {step}")
    for key, value in (quiet | settings).items():
        builder = builder.config(key, value)
    try:
        return builder.getOrCreate()
    except (Py4JError, PySparkException) as error:
        raise UserError(f"spark_master={master}: Spark does not start ({failure_reason(error)})") from error


def failure_reason(error: Exception) -> str:
    """The cause of a failure in the JVM, or of the Python code that a worker ran, in one line."""
    _, raised, after = str(error).partition("Traceback (most recent call last):\n")
    if raised and (python := next((line for line in after.splitlines() if line[:1].strip()), "")):
        return python  # what follows the indented lines
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return next((line for line in lines if "Exception" in line or "Lost task" in line), lines[0])


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
