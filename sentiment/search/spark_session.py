"""A session on a Spark that is there."""

import socket

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from sentiment.errors import UserError


def session(master, step, settings):
    """Start a session.

    Args:
        master: URL of the cluster, ``spark://host:port``, or ``local[n]`` for n processes of this machine.
        step: what it is for.
        settings: dict of Spark's settings.

    Returns:
        A ``SparkSession``.

    Raises:
        UserError: no master answers, or Spark does not start.
    """
    _check(master)
    quiet = {"spark.ui.showConsoleProgress": "false", "spark.log.level": "OFF"}  # what fails is said here, in one line
    builder = SparkSession.builder.master(master).appName(f"sentiment: {step}")
    for key, value in (quiet | settings).items():
        builder = builder.config(key, value)
    try:
        return builder.getOrCreate()
    except (Py4JError, PySparkException) as error:
        raise UserError(f"spark_master={master}: Spark does not start ({reason(error)})") from error


def reason(error):
    """What a failure in the JVM comes from, in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return next((line for line in lines if "Exception" in line or "Lost task" in line), lines[0])


def _check(master):
    """Raise UserError at once where no master answers; Spark itself would try for a minute."""
    scheme, _, addresses = master.partition("://")
    if scheme != "spark":
        return
    for address in addresses.split(","):
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=10).close()
            return
        except (OSError, ValueError) as error:
            reason = error
    raise UserError(f"spark_master={master}: no master answers ({reason}): expected spark://host:port of a running one")
