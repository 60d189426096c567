"""What monitor trains again on, in this process."""

from types import SimpleNamespace

import mlflow
import pandas as pd
import pytest

from sentiment.corpora.reading import CorpusInput
from sentiment.workflow.command_line import format_value, validate
from sentiment.workflow.parameter_groups import GateParameters
from sentiment.workflow.parameters import IngestParameters, MainParameters, RegisterParameters
from steps import monitor
from steps.monitor import retrain


@pytest.fixture
def launched(monkeypatch):
    """The parameters that main was run with."""
    parameters = {}
    monkeypatch.setattr(monitor, "launch", lambda entry_point, given: parameters.update(given))
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


def test_a_champion_of_a_query_and_of_the_splits_of_its_source_is_trained_again(tracked, tmp_path, launched):
    for split in ("train", "validation", "test"):
        part = pd.DataFrame({"id": ["1"], "text": [f"of {split}"], "label": ["pos"], "slice": ["web"]})
        part.to_parquet(tmp_path / f"{split}.parquet")
    given = {"corpus": "sqlite:///shop.db", "query": "'select 1'", "splits": "source", "text_column": "body"}
    main_run = tracked.create_run("0", tags={"mlflow.project.entryPoint": "main"})
    for name, value in given.items():
        tracked.log_param(main_run.info.run_id, name, value)
    version = SimpleNamespace(name="m", tags={"main_run": main_run.info.run_id})
    batch = pd.DataFrame({"text": ["new", "unlabelled"], "label": ["neg", None], "score": [0.5, 0.6]})
    with mlflow.start_run():
        retrain(SimpleNamespace(dataset=tmp_path, version=version), batch, lambda: None)

    own = {name: value for name, value in launched.items() if name in IngestParameters.model_fields}
    frame = CorpusInput(validate(IngestParameters, own).source).read()
    assert frame[["text", "label", "split", "slice"]].to_numpy().tolist() == [
        ["of test", "pos", "test", "web"],
        ["of train", "pos", "train", "web"],
        ["of validation", "pos", "validation", "web"],
        ["new", "neg", "train", ""],
    ]
