"""Engines for batches of texts: this process, or a Spark cluster, with the same result."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from sentiment.batches import Mapper
from sentiment.errors import optional_package
from sentiment.workflow.parameter_groups import EngineParameters


@contextmanager
def start_engine(parameters: EngineParameters, step: str) -> Iterator[Mapper]:
    """A mapper of batches of texts, for the duration of the context.

    Args:
        parameters: of the step.
        step: its name.

    Raises:
        UserError: pyspark is missing, or Spark does not start.
    """
    if parameters.engine == "local":
        yield map
        return
    with optional_package("engine=spark", "pyspark", "requirements-spark.txt"):
        from sentiment.search.spark_map import SparkMap
    with closing(SparkMap(parameters.spark_master, step)) as mapper:
        yield mapper
