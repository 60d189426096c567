"""Rows scored on a Spark cluster, with MLflow's own Spark UDF."""

import shutil
from collections import Counter

import mlflow
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import Observation
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import StringType, StructField, StructType

from sentiment.errors import UserError
from sentiment.scoring.rows import SEPARATORS, Rows, kind_of
from sentiment.scoring.scored import ADDED, INPUT
from sentiment.scoring.scorer import resolved
from sentiment.search.spark_session import failure_reason, start_session

BROKEN = "_corrupt_record"  # Spark's column for a row that it cannot read


def score(parameters, source, target):
    """Score a file that the cluster can read; the workers need the model's requirements.

    Args:
        parameters: those of the step predict.
        source: the file, a Path that every worker has.
        target: the folder that Spark writes, a Path.

    Returns:
        A tuple of the number of rows by label (None: not scored), the first reason for that, and the model.

    Raises:
        UserError: there is no such model or file, or Spark fails.
    """
    if not parameters.spark_master:
        raise UserError("engine=spark without spark_master: expected spark://host:port, or local[n] on this machine")
    schema = Rows(source, parameters.text_column).schema
    uri, version = resolved(parameters.model)
    classes = mlflow.pyfunc.load_model(uri).get_raw_model().classes.tolist()
    spark = start_session(parameters.spark_master, "predict", {})
    try:
        frame = _read(spark, source, schema)
        model = mlflow.pyfunc.spark_udf(spark, uri, env_manager="local", result_type="label string, score double")
        text = F.col(parameters.text_column)
        broken = F.make_valid_utf8(F.col(BROKEN)) if BROKEN in frame.columns else F.lit(None)
        why = (
            F.when(broken.isNotNull(), F.concat(F.lit("the row is broken: "), broken))
            .when(text.isNull() | (F.trim(text) == ""), F.lit("the text is missing"))
            .when(~F.is_valid_utf8(text), F.lit("the row is not UTF-8"))
        )
        frame = frame.withColumn("_why", why).withColumn(
            "_scored", model(F.coalesce(F.make_valid_utf8(text), F.lit("")))
        )
        own = [_valid(frame, name).alias(INPUT + name if name in ADDED.names else name) for name in schema.names]
        given = F.col("_why").isNull()
        result = frame.select(
            *own,
            F.when(given, F.col("_scored.label")).alias("label"),
            F.when(given, F.col("_scored.score")).alias("score"),
            F.col("_why").alias("reason"),
        )
        if target.is_dir() and parameters.overwrite:
            shutil.rmtree(target)
        seen = Observation("predict")
        labels = [F.count_if(F.col("label") == label).alias(label) for label in classes]
        _write(
            result.observe(
                seen,
                F.count_if(F.col("reason").isNotNull()).alias("_missed"),
                F.first("reason", True).alias("_first"),
                *labels,
            ),
            target,
        )
        found = seen.get
        return Counter({label: found[label] for label in classes} | {None: found["_missed"]}), found["_first"], version
    except (Py4JError, PySparkException) as error:
        raise UserError(f"Spark fails: {failure_reason(error)}") from error
    finally:
        spark.stop()


def _valid(frame, name):
    """A column, with the replacement character where a string is not UTF-8."""
    return F.make_valid_utf8(F.col(name)) if isinstance(frame.schema[name].dataType, StringType) else F.col(name)


def _read(spark, path, schema):
    """A file, or a folder that Spark wrote, of columns with a ``pyarrow.Schema``."""
    kind = kind_of("input", path)
    if kind == ".parquet":
        return spark.read.parquet(str(path))
    columns = StructType([*from_arrow_schema(schema), StructField(BROKEN, StringType())])
    reader = spark.read.schema(columns).option("columnNameOfCorruptRecord", BROKEN)
    if kind == ".jsonl":
        return reader.json(str(path))
    return reader.csv(str(path), header=True, sep=SEPARATORS[kind], escape='"', multiLine=True)


def _write(frame, path):
    kind = kind_of("output", path)
    if kind == ".parquet":
        frame.write.parquet(str(path))
    elif kind == ".jsonl":
        frame.write.json(str(path))
    else:
        frame.write.csv(str(path), header=True, sep=SEPARATORS[kind], escape='"')
