"""Rows scored on a Spark cluster, with MLflow's own Spark UDF."""

import shutil
from collections import Counter
from pathlib import Path

import mlflow
import pyarrow as pa
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, Observation, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import BinaryType, StringType, StructField, StructType

from sentiment.corpora.tables import SEPARATORS, suffix_of
from sentiment.errors import UserError
from sentiment.scoring.rows import open_input
from sentiment.scoring.scored import output_names
from sentiment.scoring.scorer import resolve_uri
from sentiment.search.spark_session import failure_reason, start_session

BROKEN = "_corrupt_record"  # Spark's column for a row that it cannot read


def score(
    source: Path, target: Path, text_column: str, model: str, spark_master: str, overwrite: bool
) -> tuple[Counter[str | None], str | None, str]:
    """Score a file that the cluster can read; the workers need the model's requirements.

    Args:
        source: the file, at a path that every worker can read.
        target: the folder that Spark writes.
        text_column: the column with the texts.
        model: URI of the model.
        spark_master: ``spark://host:port``, or ``local[n]`` for n processes on this machine.
        overwrite: whether a folder at ``target`` is replaced.

    Returns:
        The number of rows by label (None: not scored), the first reason for that, and the model's name and version.

    Raises:
        UserError: there is no such model or file, or Spark fails.
    """
    if not spark_master:
        raise UserError("engine=spark without spark_master: expected spark://host:port, or local[n] on this machine")
    schema = open_input(source, text_column).schema
    uri, version = resolve_uri(model)
    classes = mlflow.pyfunc.load_model(uri).get_raw_model().classes.tolist()
    spark = start_session(spark_master, "predict", {})
    try:
        frame = _read(spark, source, schema)
        if isinstance(frame.schema[text_column].dataType, BinaryType):
            frame = frame.withColumn(text_column, F.col(text_column).cast("string"))
        label_and_score = mlflow.pyfunc.spark_udf(
            spark, uri, env_manager="local", result_type="label string, score double"
        )
        text = F.col(text_column)
        broken = F.make_valid_utf8(F.col(BROKEN)) if BROKEN in frame.columns else F.lit(None)
        why = (
            F.when(broken.isNotNull(), F.concat(F.lit("the row is broken: "), broken))
            .when(text.isNull() | (F.trim(text) == ""), F.lit("the text is missing"))
            .when(~F.is_valid_utf8(text), F.lit("the row is not UTF-8"))
        )
        frame = frame.withColumn("_why", why).withColumn(
            "_scored", label_and_score(F.coalesce(F.make_valid_utf8(text), F.lit("")))
        )
        own = [_valid(frame, name).alias(now) for name, now in zip(schema.names, output_names(schema.names))]
        given = F.col("_why").isNull()
        result = frame.select(
            *own,
            F.when(given, F.col("_scored.label")).alias("label"),
            F.when(given, F.col("_scored.score")).alias("score"),
            F.col("_why").alias("reason"),
        )
        if target.is_dir() and overwrite:
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


def _valid(frame: DataFrame, name: str) -> Column:
    """A column with the replacement character where a string is not UTF-8."""
    return F.make_valid_utf8(F.col(name)) if isinstance(frame.schema[name].dataType, StringType) else F.col(name)


def _read(spark: SparkSession, path: Path, schema: pa.Schema) -> DataFrame:
    suffix = suffix_of("input", path)
    if suffix == ".parquet":
        return spark.read.parquet(str(path))
    columns = StructType([*from_arrow_schema(schema), StructField(BROKEN, StringType())])
    reader = spark.read.schema(columns).option("columnNameOfCorruptRecord", BROKEN)
    if suffix == ".jsonl":
        return reader.json(str(path))
    return reader.csv(str(path), header=True, sep=SEPARATORS[suffix], escape='"', multiLine=True)


def _write(frame: DataFrame, path: Path) -> None:
    suffix = suffix_of("output", path)
    if suffix == ".parquet":
        frame.write.parquet(str(path))
    elif suffix == ".jsonl":
        frame.write.json(str(path))
    else:
        frame.write.csv(str(path), header=True, sep=SEPARATORS[suffix], escape='"')
