"""What monitor records, and what it trains again on, in this process."""

from types import SimpleNamespace

import mlflow
import pandas as pd
import pytest

import steps.monitor
from sentiment.corpora.reading import CorpusInput
from sentiment.corpora.splits import clean
from sentiment.monitoring import monitoring_run, retraining
from sentiment.monitoring.observation import Observation
from sentiment.monitoring.retraining import replace_labels, retrain
from sentiment.workflow.command_line import format_value, validate
from sentiment.workflow.parameter_groups import GateParameters
from sentiment.workflow.parameters import IngestParameters, MainParameters, MonitorParameters, RegisterParameters
from tests.steps.test_compare import run_step


@pytest.fixture
def monitor_batch(tracked, monkeypatch):
    """Monitors a batch of some texts of some length; returns the run, and the one that collects the monitorings."""
    version = SimpleNamespace(name="m", version="1")

    def describe(count, words):
        return pd.DataFrame({"words": [words] * count, "unknown": 0.0, "score": 0.9, "predicted": "pos", "label": None})

    champion = SimpleNamespace(
        version=version,
        features=SimpleNamespace(classes=["neg", "pos"]),
        get_reference=lambda _: describe(100, 5.0),
    )

    def run(count, words):
        observation = Observation(describe(count, words), pd.DataFrame({"at": [], "error": []}), "a batch")
        monkeypatch.setattr(steps.monitor, "require_champion", lambda _: version)
        monkeypatch.setattr(steps.monitor, "Champion", lambda _: champion)
        monkeypatch.setattr(steps.monitor, "observe", lambda *_: observation)
        own = run_step(steps.monitor.monitor, MonitorParameters(), lambda: None)
        (collected,) = tracked.search_runs(["0"], "tags.`monitoring.of` = 'm'")
        return own, collected

    return run


def test_a_monitoring_that_tested_nothing_is_no_monitoring_without_an_alert(tracked, monitor_batch):
    monitor_batch(100, 50.0)
    own, collected = monitor_batch(20, 50.0)
    assert collected.data.tags["alert"] == "not tested" and "alert" not in own.data.metrics
    points = tracked.get_metric_history(collected.info.run_id, "alert")
    assert [(point.step, point.value) for point in points] == [(0, 1.0)]
    own, collected = monitor_batch(100, 5.0)
    assert collected.data.tags["alert"] == "none" and own.data.metrics["alert"] == 0


def test_a_monitoring_whose_report_could_not_be_written_counts_once_after_the_retry(
    tracked, monitor_batch, monkeypatch
):
    def fail(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full, pytest.raises(OSError, match="No space left"):
        full.setattr(mlflow, "log_text", fail)
        monitor_batch(100, 5.0)
    _, collected = monitor_batch(100, 5.0)
    assert len(tracked.get_metric_history(collected.info.run_id, "data/documents")) == 1


def test_the_history_goes_by_step_also_when_the_clock_has_gone_back(tracked, monkeypatch):
    run_id = tracked.create_run("0").info.run_id
    for now, version in ((1000, 1), (1010, 1), (900, 1), (910, 2)):
        monkeypatch.setattr(monitoring_run.time, "time", lambda now=now: now)
        monitoring_run.add_point(run_id, {"data/documents": 1.0, "champion_version": version}, {})
    history = monitoring_run.read_history(run_id, {"champion_version": 2.0})
    assert history == {"champion_version": [(0, 1), (1, 1), (2, 1), (3, 2), (4, 2)]}


@pytest.fixture
def launched(monkeypatch):
    """The parameters that main was run with."""
    parameters = {}
    monkeypatch.setattr(retraining, "launch", lambda entry_point, given: parameters.update(given))
    return parameters


def test_a_champion_that_was_registered_by_hand_is_trained_again_under_its_gate(tracked, tmp_path, launched, capsys):
    for split in ("train", "validation", "test"):
        pd.DataFrame({"text": [f"of {split}"], "label": ["pos"]}).to_parquet(tmp_path / f"{split}.parquet")
    gate = RegisterParameters(gates="accuracy>=0.9,f1_macro>=0.8", tolerance=0.01, metric="f1_macro")
    tags = {"gate.terms": gate.model_dump_json(include=set(GateParameters.model_fields))}
    version = SimpleNamespace(name="m", version="2", tags=tags)
    batch = pd.DataFrame({"text": ["new"], "label": ["neg"], "score": [0.5]})
    with mlflow.start_run():
        retrain(SimpleNamespace(dataset=tmp_path, version=version), batch, lambda: None)
    given = {name: format_value(value) for name, value in launched.items()}
    main = validate(MainParameters, given)
    assert main.terms() == gate.terms() and main.registered_model == "m"
    said = capsys.readouterr().out
    assert "m version 2 was not registered by a main run" in said and "gates=accuracy>=0.9,f1_macro>=0.8" in said


def test_a_text_of_the_batch_replaces_none_that_differs_in_its_emoji():
    corpus = pd.DataFrame({"text": ["Morning 😍", "Morning 😡", "Noon"], "label": list("pnp"), "split": "test"})
    batch = pd.DataFrame({"text": ["Morning 🎉", "morning 😡!"], "label": list("pp")})
    kept, labelled, new = replace_labels(corpus, batch)
    assert kept["text"].tolist() == ["Morning 😍", "Noon"] and new == 1
    assert labelled["split"].tolist() == ["train", "test"]


def test_a_champion_of_a_query_and_of_the_splits_of_its_source_is_trained_again(tracked, tmp_path, launched):
    for split in ("train", "validation", "test"):
        part = pd.DataFrame({"id": ["1"], "text": [f"of {split}"], "label": ["pos"], "slice": ["web"]})
        part.to_parquet(tmp_path / f"{split}.parquet")
    given = {"corpus": "sqlite:///shop.db", "query": "'select 1'", "splits": "source", "text_column": "body"}
    given |= {"corrections": "once.csv", "force": "true", "fail_on_gate": "true", "seed": "7"}
    main_run = tracked.create_run("0", tags={"mlflow.project.entryPoint": "main"})
    for name, value in given.items():
        tracked.log_param(main_run.info.run_id, name, value)
    version = SimpleNamespace(name="m", tags={"main_run": main_run.info.run_id})
    batch = pd.DataFrame({"text": ["new", "unlabelled"], "label": ["neg", None], "score": [0.5, 0.6]})
    with mlflow.start_run():
        retrain(SimpleNamespace(dataset=tmp_path, version=version), batch, lambda: None)

    assert {"query", "corrections"}.isdisjoint(launched)  # the splits have what they gave
    assert (launched["force"], launched["fail_on_gate"], format_value(launched["seed"])) == ("false", "false", "7")
    own = {name: value for name, value in launched.items() if name in IngestParameters.model_fields}
    frame = CorpusInput(validate(IngestParameters, own).source).read()
    assert frame[["text", "label", "split", "slice"]].to_numpy().tolist() == [
        ["of test", "pos", "test", "web"],
        ["of train", "pos", "train", "web"],
        ["of validation", "pos", "validation", "web"],
        ["new", "neg", "train", ""],
    ]


def test_a_batch_replaces_older_labels_of_its_texts_however_often_it_is_trained_on(tracked, tmp_path, launched, capsys):
    for split in ("train", "validation", "test"):
        part = pd.DataFrame(
            {"text": [f"Of {split}", f"also {split}"], "label": ["pos", "neg"], "slice": ["web", "app"]}
        )
        part.to_parquet(tmp_path / f"{split}.parquet")
    version = SimpleNamespace(name="m", version="2", tags={})
    batch = pd.DataFrame({"text": ["of test!", "new", "New."], "label": ["neg", "neg", "neg"]})

    def train_again():
        with mlflow.start_run():
            retrain(SimpleNamespace(dataset=tmp_path, version=version), batch, lambda: None)
        given = {name: value for name, value in launched.items() if name in IngestParameters.model_fields}
        given["splits"] = "source"
        return CorpusInput(validate(IngestParameters, given).source).read()[["text", "label", "split", "slice"]]

    first = train_again()
    assert len(first) == 8 and clean(first.assign(id=""))[1]["dropped_contradictions"] == 0
    assert first.iloc[-3:].to_numpy().tolist() == [
        ["of test!", "neg", "test", "web"],
        ["new", "neg", "train", ""],
        ["New.", "neg", "train", ""],
    ]
    assert "retraining on 6 texts (1 of them with the label of the batch) and 1 new ones\n" in capsys.readouterr().out
    for split, part in first.groupby("split"):
        part.to_parquet(tmp_path / f"{split}.parquet")
    second = train_again()
    assert sorted(second.to_numpy().tolist()) == sorted(first.to_numpy().tolist())
    assert "(3 of them with the label of the batch) and 0 new ones\n" in capsys.readouterr().out


def test_labels_that_people_have_corrected_are_corrected_again_but_where_the_batch_is_newer(
    tracked, tmp_path, launched
):
    by = ["human", "vader", "corrected", "corrected"]
    for split in ("train", "validation", "test"):
        part = pd.DataFrame({"text": [f"{name} {split}" for name in "abcd"], "label": ["pos"] * 4, "labelled_by": by})
        part.to_parquet(tmp_path / f"{split}.parquet")
    batch = pd.DataFrame({"text": ["D test"], "label": ["neg"]})
    with mlflow.start_run():
        retrain(
            SimpleNamespace(dataset=tmp_path, version=SimpleNamespace(name="m", version="2", tags={})), batch, print
        )
    corpus, corrections = (pd.read_parquet(launched[name]) for name in ("corpus", "corrections"))
    assert corpus[corpus["label"] != ""]["text"].tolist() == ["a test", "a train", "a validation", "D test"]
    assert corrections["text"].tolist() == ["c test", "c train", "d train", "c validation", "d validation"]
