"""Files scored with the champion on Spark: the same rows, and what is left where it is killed."""

import subprocess
import sys

import pandas as pd
import pytest

from sentiment.corpora.labels import normalize_label
from tests.conftest import PROJECT, runs
from tests.system.processes import ON_SPARK, environment, needs_spark, run_step
from tests.system.test_predict import BROKEN, LINES, predict, step


def predict_on_spark_here(folder, *arguments):
    """The step in this process, whose JVM the other tests on Spark use, too; it has the folder of the first of them."""
    source, target, *more = arguments
    step(folder, f"--input={folder / source}", f"--output={folder / target}", *more, *ON_SPARK)


def predict_on_spark(folder, *arguments):
    """The step as a process of its own, with a JVM of its own."""
    source, target, *more = arguments
    process = run_step("predict", f"--input={source}", f"--output={target}", *more, *ON_SPARK, cwd=folder)
    assert process.returncode == 0, process.stderr[-3000:]


@needs_spark
@pytest.mark.parametrize(
    "source, target, score",
    [
        ("broken.csv", "on_spark.parquet", predict_on_spark),
        ("broken.jsonl", "on_spark.csv", predict_on_spark_here),
    ],
)
def test_spark_scores_the_same(registered, source, target, score):
    (registered / "broken.csv").write_bytes(BROKEN)
    padded = b'{"text": "  padded  ", "helpful.votes": 3}\n'
    (registered / "broken.jsonl").write_bytes(LINES + padded)
    (registered / target).mkdir()
    (registered / target / "old.csv").touch()
    score(registered, source, target, "--overwrite=true")
    here = predict(registered, source, f"here_{source}.parquet", "--overwrite=true")
    if target.endswith(".parquet"):
        there = pd.read_parquet(registered / target)
    else:
        there = pd.concat(map(pd.read_csv, sorted((registered / target).glob("*.csv"))), ignore_index=True)
        assert there["text"].iloc[-1] == "  padded  " and there["helpful.votes"].iloc[-1] == 3
    assert len(there) == len(here) == 8 + (source == "broken.jsonl") and not list(registered.glob(".on_spark*"))
    both = here["label"].notna() & there["label"].notna()
    assert both.sum() >= 2 and there["label"][both].tolist() == here["label"][both].tolist()
    assert there["reason"].notna().tolist() == there["label"].isna().tolist() and there["reason"].notna().sum() >= 4


@needs_spark
def test_spark_matches_labels_that_look_alike_or_are_equal_as_numbers():
    from pyspark.sql import functions as F

    from sentiment.scoring.spark import _normalize
    from sentiment.search.spark_session import start_session, stop_session

    labels = ["1", "1.0", "01.50", "+1.", "-0.00", "-2.10", "100.0", " POS\u200b  Ä ", "1.2.0", "v1.0", "1e3", "7" * 50]
    session = start_session("local[1]", "test", {})
    try:
        rows = session.createDataFrame([(label,) for label in labels], "label string")
        found = [row[0] for row in rows.select(_normalize(F.col("label"))).collect()]
    finally:
        stop_session(session)
    assert found == [normalize_label(label) for label in labels]


@needs_spark
def test_where_spark_is_killed_the_old_output_stays_and_nothing_else(registered):
    (registered / "few.csv").write_text("text\nA gem.\n")
    (registered / "lost.csv").mkdir()
    (registered / "lost.csv" / "part-0.csv").write_text("old")
    code = """
import sys
import psutil
from sentiment.scoring import spark
from steps.__main__ import start

def write_and_die(frame, path, suffix, write=spark._write):
    path.mkdir()  # as far as it comes
    (java,) = [child for child in psutil.Process().children() if child.name() == "java"]
    java.kill()
    java.wait()
    write(frame, path, suffix)

spark._write = write_and_die
start("predict", sys.argv[1:])
"""
    arguments = ["--input=few.csv", "--output=lost.csv", "--overwrite=true", *ON_SPARK]
    process = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=registered,
        env=environment(PYTHONPATH=str(PROJECT)),
        capture_output=True,
        text=True,
    )
    assert process.returncode == 1 and "Traceback" not in process.stderr
    assert process.stderr.splitlines()[-1].startswith("error: Spark fails: its JVM has ended, most likely because")
    assert runs(registered, "predict")[0].info.status == "FAILED"
    left = {str(path.relative_to(registered)) for path in registered.rglob("*") if "lost" in str(path)}
    assert left == {"lost.csv", "lost.csv/part-0.csv"} and (registered / "lost.csv/part-0.csv").read_text() == "old"
