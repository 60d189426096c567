"""The champion looked at now: batches as they come, shifted ones, recorded requests."""

import html.parser
import re
import shutil
import subprocess
import time
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

import steps.monitor
from sentiment.corpora.sources.sample import SAMPLE
from sentiment.errors import Alert, UserError
from sentiment.monitoring.drift import describe_accuracy_drop, find_drifts
from sentiment.monitoring.observation import read_recorded
from sentiment.serving.recording import Recorder
from sentiment.workflow.command_line import parse
from sentiment.workflow.logged_parameters import log_parameters
from tests.conftest import PROJECT, runs, store
from tests.system.processes import NAIVE_BAYES, run_step, wait_for


def monitor(folder, *arguments):
    """The step in this process; its own process is started below. Returns the run."""
    with store(folder), mlflow.start_run(tags={"mlflow.project.entryPoint": "monitor"}) as run:
        parameters = parse("monitor", list(arguments))
        steps.monitor.monitor(parameters, hold=lambda: None)
    with store(folder):
        return mlflow.get_run(run.info.run_id)


def held_out(folder):
    with store(folder):
        (ingest,) = runs(folder, "ingest")
        return pd.read_parquet(
            f"{mlflow.artifacts.download_artifacts(f'{ingest.info.artifact_uri}/dataset')}/test.parquet"
        )


def standing(folder):
    with store(folder) as client:
        (run,) = client.search_runs(["0"], "tags.`monitoring.of` = 'sentiment'")
        return run, client.get_metric_history(run.info.run_id, "data/documents")


@pytest.fixture(scope="module")
def shifted():
    """Negative reviews alone, longer, in words that nobody has heard."""
    sample = pd.read_csv(SAMPLE)
    texts = sample[sample["label"] == "negative"]["text"].head(90)
    return pd.DataFrame({"text": texts + " zorgblat frobnicate quux" * 4, "label": "positive"})


def test_a_batch_is_logged_on_the_run_and_as_a_point_of_the_standing_run(registered, shifted):
    fresh = held_out(registered).sample(100, random_state=0)
    fresh[["text", "label"]].to_csv(registered / "fresh.csv", index=False)
    shifted.to_csv(registered / "shifted.csv", index=False)
    first = monitor(registered, "--batch=fresh.csv")
    second = monitor(registered, "--batch=shifted.csv")
    with store(registered):
        predicted = mlflow.pyfunc.load_model("models:/sentiment@champion").predict(fresh[["text"]])["label"]
    right = (predicted.to_numpy() == fresh["label"]).mean()
    assert first.data.metrics["quality/accuracy"] == pytest.approx(right) and first.data.metrics["alert"] == 0
    assert first.data.metrics["data/words_p50"] == fresh["text"].str.split().str.len().median()
    assert sum(first.data.metrics[f"data/share.{name}"] for name in ("negative", "positive")) == pytest.approx(1)
    assert "alert" not in first.data.tags and "no alert" in first.data.tags["mlflow.note.content"]
    assert {"quality/precision_macro", "quality/recall_macro", "quality/f1_macro", "drift/psi.score"} <= set(
        first.data.metrics
    )

    assert second.data.metrics["alert"] == 1
    for reason in ("text length drifted", "unknown words drifted", "accuracy fell from"):
        assert reason in second.data.tags["alert"]
    run, points = standing(registered)
    assert [(point.step, point.value) for point in points] == [(0, 100), (1, 90)]
    assert run.data.tags["alert"] == second.data.tags["alert"]


def test_the_report_needs_no_network_and_escapes_what_it_shows(registered, shifted, tmp_path):
    evil = shifted.assign(text="<script>alert(1)</script> " + shifted["text"])
    evil.to_csv(registered / "evil.csv", index=False)
    run = monitor(registered, "--batch=evil.csv")
    with store(registered) as client:
        page = mlflow.artifacts.load_text(f"{run.info.artifact_uri}/report.html")
        plots = {file.path for file in client.list_artifacts(run.info.run_id, "plots")}
    assert "<script" not in page and "&lt;script&gt;" in page
    assert not re.search(r'src="(?!data:)|href="(?!http://localhost:5000/#/)|url\(|@import', page)
    assert page.count("data:image/png;base64,") >= 2 and {"plots/distributions.png", "plots/over_time.png"} <= plots
    html.parser.HTMLParser().feed(page)
    if shutil.which("chromium"):
        (tmp_path / "report.html").write_text(page)
        shot = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile"]
        dom = subprocess.run([*shot, "--dump-dom", f"file://{tmp_path}/report.html"], capture_output=True, text=True)
        assert "Monitoring: sentiment version 1" in dom.stdout and "drifted" in dom.stdout


def test_batches_drawn_from_the_same_data_do_not_alert_in_95_of_100_draws(registered):
    """Two halves of the test split, drawn at random: texts of the champion's corpus that it has not seen."""
    test = held_out(registered)
    champion_sees = monitor(registered, "--batch=fresh.csv")
    with store(registered):
        run, _ = standing(registered)
        folder = mlflow.artifacts.download_artifacts(f"{run.info.artifact_uri}/reference")
        (path,) = Path(folder).glob("version_1_*.parquet")
        reference = pd.read_parquet(path)
    assert len(reference) == len(test) and champion_sees.data.metrics["alert"] == 0
    chance = np.random.default_rng(0)
    alerts = 0
    for _ in range(100):
        # Two halves, so that the reference is not the batch's own texts.
        order = chance.permutation(len(reference))
        before, now = reference.iloc[order[: len(order) // 2]], reference.iloc[order[len(order) // 2 :]]
        found = find_drifts(before, now, 0.2, 0.01)
        fell = describe_accuracy_drop(before, now, 0.05, 0.01)
        alerts += any(drift.alert for drift in found) or fell is not None
    assert alerts <= 5


def test_what_the_champion_was_trained_on_does_not_count(registered):
    sample = pd.read_csv(SAMPLE)
    sample.sample(200, random_state=0)[["text", "label"]].to_csv(registered / "mixed.csv", index=False)
    run = monitor(registered, "--batch=mixed.csv")
    unseen = set(held_out(registered)["text"].str.strip())
    expected = sample.sample(200, random_state=0)["text"].str.strip().isin(unseen).sum()
    assert run.data.metrics["data/documents"] == expected and run.data.metrics["alert"] == 0
    assert f"(without {200 - expected} on which the champion was trained)" in run.data.tags["mlflow.note.content"]


def test_labels_may_be_missing_altogether_or_in_part(registered):
    fresh = held_out(registered).head(60)
    fresh[["text"]].to_csv(registered / "bare.csv", index=False)
    assert "quality/accuracy" not in monitor(registered, "--batch=bare.csv").data.metrics
    fresh.assign(label=["positive"] * 10 + [""] * 50)[["text", "label"]].to_csv(registered / "some.csv", index=False)
    assert monitor(registered, "--batch=some.csv").data.metrics["data/labelled"] == 10


def test_recorded_requests_are_looked_at(registered, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))  # as a step has it
    texts = held_out(registered)["text"].head(80).tolist()
    with store(registered), mlflow.start_run() as run:
        model = mlflow.pyfunc.load_model("models:/sentiment@champion")
        recorder = Recorder("sentiment", "0", run.info.run_id, with_text=True)
        for number, text in enumerate(texts):
            now = time.time_ns()
            latency = 10_000_000 if number < 76 else 90_000_000
            recorder.record(now, now + latency, "1", [text], model.predict([text]), None)
        for _ in range(20):
            recorder.record(
                time.time_ns(), time.time_ns() + 1_000_000, "1", [3], None, "MlflowException: expected text"
            )
        recorder.close()
        # The process that writes them has a low priority: beside other tests it may take longer than close() waits.
        wait_for(lambda: len(read_recorded("sentiment", "0", 1.0)[0]) == 100)
    run = monitor(registered, "--hours=1", "--error_rate=0.1")
    figures = run.data.metrics
    assert figures["requests/count"] == 100 and figures["requests/error_rate"] == pytest.approx(0.2)
    assert figures["requests/latency_ms_p50"] == pytest.approx(10) and figures[
        "requests/latency_ms_p99"
    ] == pytest.approx(90)
    assert figures["data/documents"] == 80 and "drift/psi.unknown" in figures
    assert "20.0% of the requests failed, more than 10.0%" in run.data.tags["alert"]
    with store(registered) as client:
        assert "plots/requests.png" in {file.path for file in client.list_artifacts(run.info.run_id, "plots")}


@pytest.mark.parametrize(
    "arguments, expected",
    [
        (["--batch=none.csv"], "batch=none.csv: there is no such file"),
        (["--batch=fresh.xlsx"], "batch=fresh.xlsx: expected a path, a pattern"),
        (["--batch=fresh.csv", "--text_column=body"], "batch=fresh.csv has no column 'body'"),
        (["--batch=stars.csv"], "label '5' is not a class of the champion (negative, positive)"),
        (["--batch=bare.csv", "--retrain=true"], "retrain=true needs labels"),
        (["--retrain=true"], "retrain=true needs a labelled batch"),
        (["--registered_model=other"], "other has no champion"),
        (["--hours=0.000001"], "nothing to monitor"),
    ],
)
def test_mistakes_are_one_line(registered, arguments, expected):
    fresh = held_out(registered).head(40)
    fresh[["text", "label"]].to_csv(registered / "fresh.csv", index=False)
    fresh[["text"]].to_csv(registered / "bare.csv", index=False)
    fresh.assign(label="5")[["text", "label"]].to_csv(registered / "stars.csv", index=False)
    with pytest.raises(UserError) as raised:
        monitor(registered, *arguments)
    assert expected in str(raised.value) and not isinstance(raised.value, Alert)


def test_an_alert_ends_the_process_with_3_and_trains_again_under_the_same_gates(registered, shifted):
    shifted.to_csv(registered / "shifted.csv", index=False)
    tested = set(held_out(registered)["text"])
    with store(registered) as client, mlflow.start_run(tags={"mlflow.project.entryPoint": "main"}) as earlier:
        # As ``python -m steps main`` leaves them: a list, values that were not given, an apostrophe.
        (registered / "it's.yaml").write_text(NAIVE_BAYES)
        log_parameters(parse("main", ["--families=simple", "--max_evals=1", "--space=it's.yaml"]))
        client.set_model_version_tag("sentiment", "1", "main_run", earlier.info.run_id)
        before = len(client.search_model_versions("name = 'sentiment'"))
    process = run_step("monitor", "--batch=shifted.csv", "--fail_on_alert=true", "--retrain=true", cwd=registered)
    assert process.returncode == 3, process.stderr[-3000:]
    assert "ALERT: text length drifted" in process.stdout and "Traceback" not in process.stderr
    main, _ = runs(registered, "main")
    assert main.data.tags["mlflow.parentRunId"] == runs(registered, "monitor")[0].info.run_id
    ingest = runs(registered, "ingest")[0]
    assert sum(ingest.data.metrics[f"documents_{part}"] for part in ("train", "validation", "test")) == 2216 + 90
    assert len(runs(registered, "tune")) == 2  # the one family of the champion's main run, again
    # What was a test text stays one.
    with store(registered):
        dataset = mlflow.artifacts.download_artifacts(f"{ingest.info.artifact_uri}/dataset")
    assert tested < set(pd.read_parquet(f"{dataset}/test.parquet")["text"])
    with store(registered) as client:
        assert len(client.search_model_versions("name = 'sentiment'")) == before + 1
    assert runs(registered, "register")[0].data.tags["gate.accuracy"].split(":")[0] in ("passed", "failed")
    # The same without an alert.
    process = run_step("monitor", "--batch=fresh.csv", "--fail_on_alert=true", "--retrain=true", cwd=registered)
    assert process.returncode == 0 and "no alert, so nothing is trained" in process.stdout
