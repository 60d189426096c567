"""Steps on Spark: local[2], which runs the same Python workers as a cluster, and, for trials, a tracking server."""

import os
import signal
from contextlib import closing

import mlflow
import pandas as pd
import psutil
import pytest

from sentiment.corpora.splits import SPLITS
from sentiment.digests import folder_digest
from sentiment.errors import UserError
from sentiment.features.writing import write_features
from sentiment.model.text.cleaning import Cleaner
from sentiment.tracking import FINGERPRINT, NOTE, OUTPUT_DIGEST
from sentiment.workflow.command_line import parse
from sentiment.workflow.reuse import run_or_reuse
from steps.featurize import featurize
from steps.ingest import ingest
from tests.system import forked
from tests.system.processes import (
    ON_SPARK,
    SHORT,
    forking_environment,
    needs_spark,
    run_step,
    run_steps,
    start_step,
    tracking_server,
    wait_for,
)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with tracking_server(tmp_path_factory.mktemp("server")) as url:
        yield url


@pytest.fixture(scope="module")
def on_server(server, tmp_path_factory):
    """Starts a step that logs to the server, which has short features of the sample."""
    folder = tmp_path_factory.mktemp("caller")
    started = []

    def start(*arguments, **more):
        started.append(start_step(*arguments, cwd=folder, MLFLOW_TRACKING_URI=server, **more))
        return started[-1]

    short = [f"--{name}={value}" for name, value in SHORT.items()]
    run_steps(folder, ["ingest"], ["featurize", *short], MLFLOW_TRACKING_URI=server)
    yield start
    for process in started:
        if process.poll() is None:  # a test has failed
            process.terminate()
            process.communicate()


def tuned(server):
    """The latest tune run on the server, and its trials, the first one first."""
    client = mlflow.MlflowClient(server)
    found = client.search_runs(["0"], "tags.`mlflow.project.entryPoint` = 'tune'", max_results=1)
    if not found:
        return None, []
    run = found[0]
    trials = client.search_runs(["0"], f"tags.`mlflow.parentRunId` = '{run.info.run_id}'")
    return run, sorted(trials, key=lambda trial: int(trial.data.tags["trial"]))


@needs_spark
def test_spark_runs_the_trials_that_this_machine_runs(server, on_server):
    search = ("tune", "--family=dense", "--max_evals=3", "--epochs=2")
    found = []
    for where in (("--parallelism=1",), ON_SPARK):
        process = on_server(*search, *where, within=forking_environment)
        stdout, stderr = process.communicate(timeout=300)
        assert process.returncode == 0, stderr
        assert "3/3 trials" in stdout + stderr and "Traceback" not in stderr
        found.append(tuned(server))
    (run, here), (spark_run, there) = found
    assert run.info.run_id != spark_run.info.run_id
    assert [trial.data.params for trial in here] == [trial.data.params for trial in there]
    assert {trial.info.status for trial in there} == {"FINISHED"}
    for trial, twin in zip(there, here, strict=True):
        assert trial.data.metrics.keys() == twin.data.metrics.keys()
        assert trial.data.metrics["val_accuracy"] == pytest.approx(twin.data.metrics["val_accuracy"], abs=0.02)
    assert spark_run.info.status == "FINISHED" and spark_run.data.tags["best_trial"] in {t.info.run_id for t in there}
    mlflow.set_tracking_uri(server)
    assert len(mlflow.pyfunc.load_model(spark_run.data.tags["model_uri"]).predict(["a gem", "dull"])) == 2


@needs_spark
def test_ingest_and_featurize_leave_on_spark_what_they_leave_here(tracked, monkeypatch):
    found = []
    for engine in ([], ON_SPARK):
        if engine:  # many small batches in place of one
            for module in ("sentiment.batches", "sentiment.features.tokens"):
                monkeypatch.setattr(f"{module}.BATCH", 800)
        for name, body in (("ingest", ingest), ("featurize", featurize)):
            with mlflow.start_run(tags={"mlflow.project.entryPoint": name}):
                run_or_reuse(name, body, parse(name, list(engine)))
        found.append(tracked.search_runs(["0"], max_results=2))
    for here, there in zip(*found, strict=True):
        assert here.info.run_id != there.info.run_id and there.info.status == "FINISHED"
        for tag in (OUTPUT_DIGEST, FINGERPRINT, NOTE):  # the engine does not count when a run is reused, either
            assert here.data.tags[tag] == there.data.tags[tag]


@needs_spark
def test_tokens_of_every_kind_are_the_same_on_spark_and_a_batch_that_fails_is_one_line(tmp_path, monkeypatch):
    from sentiment.search.spark_map import SparkMap

    for module in ("sentiment.batches", "sentiment.features.tokens"):
        monkeypatch.setattr(f"{module}.BATCH", 60)
    texts = [
        f"@user{number % 7} soooo #GoodFilms, liked {number}th running! http://x.org/{number}" for number in range(150)
    ]
    texts = [f"{text} 👍🏽 ¯\\_(ツ)_/¯ naïve" if number % 3 else text for number, text in enumerate(texts)]
    parts = {
        split: pd.DataFrame({"text": texts[start::3], "label": ["neg", "pos"] * 25})
        for start, split in enumerate(SPLITS)
    }
    cleaner = Cleaner(cleaning="tweets", stemming="porter", stop_words="english")
    with closing(SparkMap("local[2]", "test")) as mapper:
        for number, tokens in enumerate(("word", "subword")):
            digests = set()
            for where, used in (("here", map), ("spark", mapper)):
                folder = tmp_path / f"{number}-{where}"
                folder.mkdir()
                write_features(folder, parts, cleaner, 300, 0, tokens=tokens, mapper=used)
                digests.add(folder_digest(folder))
            assert len(digests) == 1
        assert list(mapper(len, ["a" * number for number in range(20)])) == list(range(20))
        with pytest.raises(UserError, match="a batch of texts cannot be processed: .*invalid literal for int"):
            list(mapper(int, ["1", "one"]))


@needs_spark
def test_a_spark_worker_that_is_killed_costs_its_trial(server, on_server):
    search = ("tune", "--family=dense", "--max_evals=2", "--epochs=5", "--batch_size=2", "--members=1")
    process = on_server(*search, *ON_SPARK, within=forking_environment)

    def a_trial_is_being_fitted():
        assert process.poll() is None
        return any(trial.info.status == "RUNNING" and trial.data.metrics for trial in tuned(server)[1])

    wait_for(a_trial_is_being_fitted)
    below = forked.below(psutil.Process(process.pid))
    (daemon,) = [one for one in below if "pyspark.daemon" in (one.as_dict(["cmdline"])["cmdline"] or [])]
    workers = forked.behind(daemon).children()
    assert len(workers) == 2
    os.kill(workers[0].pid, signal.SIGKILL)
    _, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stderr
    run, trials = tuned(server)
    assert sorted(trial.info.status for trial in trials) == ["FAILED", "FINISHED"]
    assert next(trial for trial in trials if trial.info.status == "FAILED").data.tags["error"]
    assert run.info.status == "FINISHED"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (ON_SPARK, "cannot log to sqlite:"),
        (("--engine=spark",), "without spark_master"),
        (("--engine=spark", "--spark_master=spark://head:7077"), "on a cluster needs parallelism"),
        (("--spark_master=local[2]",), "without engine=spark"),
    ],
)
def test_what_cannot_run_on_spark_is_refused(features, arguments, expected):
    process = run_step("tune", "--family=dense", *arguments, cwd=features)
    assert process.returncode == 1 and expected in process.stderr and "Traceback" not in process.stderr


def test_a_master_that_is_not_there_is_said_in_a_line():
    pytest.importorskip("pyspark", reason="requirements-spark.txt is not installed")
    from sentiment.search.spark_workers import SparkWorkers

    with pytest.raises(UserError, match="spark_master=spark://127.0.0.1:1: no master answers"):
        SparkWorkers("spark://127.0.0.1:1", 1)
