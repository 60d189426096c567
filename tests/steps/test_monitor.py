"""What monitor trains again on, in this process."""

from types import SimpleNamespace

import mlflow
import pandas as pd

from sentiment.corpora.reading import CorpusInput
from sentiment.workflow.command_line import validate
from sentiment.workflow.parameters import IngestParameters
from steps import monitor
from steps.monitor import retrain


def test_a_champion_of_a_query_and_of_the_splits_of_its_source_is_trained_again(tracked, tmp_path, monkeypatch):
    for split in ("train", "validation", "test"):
        part = pd.DataFrame({"id": ["1"], "text": [f"of {split}"], "label": ["pos"], "slice": ["web"]})
        part.to_parquet(tmp_path / f"{split}.parquet")
    given = {"corpus": "sqlite:///shop.db", "query": "'select 1'", "splits": "source", "text_column": "body"}
    main_run = tracked.create_run("0", tags={"mlflow.project.entryPoint": "main"})
    for name, value in given.items():
        tracked.log_param(main_run.info.run_id, name, value)
    version = SimpleNamespace(name="m", tags={"main_run": main_run.info.run_id})
    launched = {}
    monkeypatch.setattr(monitor, "launch", lambda entry_point, parameters: launched.update(parameters))
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
