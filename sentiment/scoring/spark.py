"""Rows scored on a Spark cluster, with MLflow's own Spark UDF."""

import shutil
from collections import Counter
from pathlib import Path

import mlflow
import pyarrow as pa
from pyspark.sql import Column, DataFrame, Observation, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import BinaryType, StringType, StructField, StructType

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.labels import normalize_label
from sentiment.corpora.tables import SEPARATORS
from sentiment.errors import UserError
from sentiment.model.text.characters import INVISIBLE
from sentiment.registry.versions import resolve_uri
from sentiment.results import load_model
from sentiment.scoring.rows import Totals, open_input
from sentiment.scoring.scored import output_names
from sentiment.scoring.scorer import classes_of
from sentiment.search.spark_session import FAILURES, failure_reason, start_session, stop_session

BROKEN = "_corrupt_record"  # Spark's column for a row that it cannot read
NOT_BLANK = r"(?U)[^\s\x1c-\x1f]"  # what str.isspace does not count as white space


def score(source: Corpus, target: Path, model: str, spark_master: str) -> Totals:
    """Score a file that the cluster can read; the workers need the model's requirements.

    Args:
        source: the file, at a path that every worker can read; it need not have the column with the labels.
        target: the folder that Spark writes. What is there is replaced once the new one is complete.
        model: URI of the model.
        spark_master: ``spark://host:port``, or ``local[n]`` for n processes on this machine.

    Raises:
        UserError: there is no such model or file, or Spark fails.
    """
    text_column, label_column = source.text_column, source.label_column
    schema = open_input(source).schema
    uri, version = resolve_uri(model)
    classes = classes_of(load_model(uri))
    partial = target.with_name(f".{target.name}.partial")
    spark = start_session(spark_master, "predict", {})
    try:
        frame = _read(spark, Path(source.address), schema)
        if isinstance(frame.schema[text_column].dataType, BinaryType):
            frame = frame.withColumn(text_column, _column(text_column).cast("string"))
        label_and_score = mlflow.pyfunc.spark_udf(
            spark, uri, env_manager="local", result_type="label string, score double"
        )
        text = _column(text_column)
        broken = F.make_valid_utf8(F.col(BROKEN)) if BROKEN in frame.columns else F.lit(None)
        why = (
            F.when(broken.isNotNull(), F.concat(F.lit("the row is broken: "), broken))
            .when(text.isNull() | ~text.rlike(NOT_BLANK), F.lit("the text is missing"))
            .when(~F.is_valid_utf8(text), F.lit("the row is not UTF-8"))
        )
        frame = frame.withColumn("_why", why).withColumn(
            "_scored", label_and_score(F.when(F.col("_why").isNull(), text).otherwise("no text"))
        )
        names = dict(zip(schema.names, output_names(schema.names)))
        own = [_valid(frame, name).alias(now) for name, now in names.items()]
        given = F.col("_why").isNull()
        result = frame.select(
            *own,
            F.when(given, F.col("_scored.label")).alias("label"),
            F.when(given, F.col("_scored.score")).alias("score"),
            F.col("_why").alias("reason"),
        )
        shutil.rmtree(partial, ignore_errors=True)  # of a process that was killed
        seen = Observation("predict")
        labels = [F.count_if(F.col("label") == label).alias(label) for label in classes]
        distinct = len(set(map(normalize_label, classes))) == len(classes)  # as in match_labels
        written = _normalize if distinct else F.trim
        value = F.trim(_column(names[label_column]).cast("string")) if label_column in names else F.lit("")
        _write(
            result.observe(
                seen,
                F.count_if(F.col("reason").isNotNull()).alias("_missed"),
                F.first("reason", True).alias("_first"),
                F.count_if((value != "") & F.col("label").isNotNull()).alias("_labelled"),
                F.count_if(written(value) == written(F.col("label"))).alias("_correct"),
                *labels,
            ),
            partial,
            target.suffix.lower(),
        )
        found = seen.get
        take_its_place(partial, target)
        by_label = Counter({label: found[label] for label in classes} | {None: found["_missed"]})
        return Totals(version, classes, by_label, found["_first"], found["_labelled"], found["_correct"])
    except FAILURES as error:
        raise UserError(f"Spark fails: {failure_reason(error)}") from error
    finally:
        stop_session(spark)
        shutil.rmtree(partial, ignore_errors=True)
        put_back(target)


def take_its_place(new: Path, target: Path) -> None:
    """Rename a folder to ``target``, and delete the file or folder that was there, once the new one has its name."""
    old = _set_aside(target)
    if target.exists():
        _delete(old)  # of a process that was killed when it had written all
        target.rename(old)
    try:
        new.rename(target)
    finally:
        put_back(target)
    _delete(old)


def put_back(target: Path) -> None:
    """Restore the name of an older output that was not replaced, even by a process that was killed."""
    old = _set_aside(target)
    if old.exists() and not target.exists():
        old.rename(target)


def _set_aside(target: Path) -> Path:
    """The name of an older output while the new one takes its place."""
    return target.with_name(f".{target.name}.old")


def _delete(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _normalize(label: Column) -> Column:
    """:func:`normalize_label` for a column, except NFC, which Spark does not have."""
    seen = F.regexp_replace(label, f"[{INVISIBLE}]", "")
    plain = F.trim(F.lower(F.regexp_replace(seen, r"(?U)[\s\x1c-\x1f]+", " ")))
    whole = F.regexp_replace(plain, r"^\+?(-?)0*([0-9]{1,38})(\.0{0,38})?$", "$1$2")
    number = F.regexp_replace(whole, r"^\+?(-?)0*([0-9]{1,38}\.[0-9]{0,37}[1-9])0*$", "$1$2")
    return F.regexp_replace(number, "^-0$", "0")


def _valid(frame: DataFrame, name: str) -> Column:
    """A column with the replacement character where a string is not UTF-8."""
    column = _column(name)
    return F.make_valid_utf8(column) if isinstance(frame.schema[name].dataType, StringType) else column


def _column(name: str) -> Column:
    """A column by its name, with dots taken literally."""
    return F.col(f"`{name.replace('`', '``')}`")


def _read(spark: SparkSession, path: Path, schema: pa.Schema) -> DataFrame:
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return spark.read.parquet(str(path))
    columns = StructType([*from_arrow_schema(schema), StructField(BROKEN, StringType())])
    reader = spark.read.schema(columns).option("columnNameOfCorruptRecord", BROKEN)
    if suffix == ".jsonl":
        return reader.json(str(path))
    return reader.csv(str(path), header=True, sep=SEPARATORS[suffix], escape='"', multiLine=True)


def _write(frame: DataFrame, path: Path, suffix: str) -> None:
    if suffix == ".parquet":
        frame.write.parquet(str(path))
    elif suffix == ".jsonl":
        frame.write.option("ignoreNullFields", False).json(str(path))
    else:
        writer = frame.write.option("ignoreLeadingWhiteSpace", False).option("ignoreTrailingWhiteSpace", False)
        writer.csv(str(path), header=True, sep=SEPARATORS[suffix], escape='"')
