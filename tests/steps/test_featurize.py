"""What the result of featurize is known by, in this process."""

import mlflow
import pandas as pd
import pytest

from sentiment.artifacts import log_parquet
from sentiment.corpora.splits import digest, split
from sentiment.workflow.command_line import parse
from sentiment.workflow.parameters import FeaturizeParameters
from sentiment.workflow.reuse import step_fingerprint
from steps.featurize import featurize
from tests.steps.test_compare import run_step


def test_what_is_read_of_a_dataset_beside_its_features_counts(tracked, monkeypatch):
    monkeypatch.setattr("sentiment.workflow.fingerprint.sources", lambda *_: [])
    texts = [f"text {number}" for number in range(60)]
    table = pd.DataFrame({"id": texts, "text": texts, "label": ["a", "b"] * 30})

    def fingerprint(table):
        """Of a search on a dataset."""
        parts = split(table, 0.2, 0.2, 42, stratify=True)
        with mlflow.start_run(tags={"dataset.digest": digest(parts)}) as ingested:
            for name, part in parts.items():
                log_parquet(part, f"dataset/{name}.parquet")
        features = run_step(featurize, FeaturizeParameters(), mlflow.get_run(ingested.info.run_id))
        return step_fingerprint("tune", parse("tune", []), {"featurize_run": features})

    before = fingerprint(table)
    assert fingerprint(table) == before
    # Neither changes a token.
    assert fingerprint(table.assign(slice="web")) != before
    assert fingerprint(table.assign(text=table["text"].str.capitalize())) != before


@pytest.mark.parametrize("text, warned", [("映画は最高だ", True), ("a fine film", False)])
def test_subwords_of_a_script_without_blanks_are_warned_of(tracked, capsys, text, warned):
    pytest.importorskip("tokenizers")
    texts = [f"{text} {number}" for number in range(60)]
    parts = split(pd.DataFrame({"id": texts, "text": texts, "label": ["a", "b"] * 30}), 0.2, 0.2, 42, stratify=True)
    with mlflow.start_run() as ingested:
        for name, part in parts.items():
            log_parquet(part, f"dataset/{name}.parquet")
    mlflow.MlflowClient().set_tag(ingested.info.run_id, "dataset.digest", digest(parts))
    run_step(featurize, FeaturizeParameters(tokens="subword"), mlflow.get_run(ingested.info.run_id))
    assert ("tokens=subword joins nothing" in capsys.readouterr().err) == warned
