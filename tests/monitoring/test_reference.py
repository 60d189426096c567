"""What a champion was made from is found by the tags of its version."""

from types import SimpleNamespace

import mlflow
import pandas as pd
import pytest

from sentiment.artifacts import log_parquet
from sentiment.digests import text_digest
from sentiment.errors import UserError
from sentiment.monitoring import reference
from sentiment.monitoring.reference import Champion


def log_run(entry_point, **tags):
    with mlflow.start_run(tags={"mlflow.project.entryPoint": entry_point} | tags) as run:
        mlflow.log_text("", "features/terms.txt" if entry_point == "featurize" else "dataset/test.parquet")
    return run.info.run_id


@pytest.fixture
def features_of(tracked, monkeypatch):
    """The folder of the features of a version with these tags."""
    monkeypatch.setattr(reference, "Features", lambda folder, dataset: folder)
    return lambda tags: str(Champion(SimpleNamespace(name="m", version="2", tags=tags)).features)


def test_the_features_are_found_without_the_tune_run_except_of_an_older_version(tracked, features_of):
    ingest, featurize = log_run("ingest"), log_run("featurize")
    tune = log_run("tune", featurize_run=featurize)
    older = {"ingest_run": ingest, "tune_run": f"{tune},{tune}"}
    assert featurize in features_of(older)
    tracked.delete_run(tune)
    assert featurize in features_of(older | {"featurize_run": featurize})
    with pytest.raises(UserError, match="^m version 2 cannot be monitored: the tune run .*mlflow runs restore"):
        features_of(older)
    with pytest.raises(UserError, match="the featurize run 0123 .* purged, .*main and -P reuse=false"):
        features_of(older | {"featurize_run": "0123"})


def test_a_model_that_was_registered_by_hand_is_told_from_one_of_another_project(tracked, features_of):
    with pytest.raises(UserError, match="^m version 2 has no tag .*: it was not registered by .*register or main$"):
        features_of({})


def test_a_reference_whose_words_an_earlier_version_counted_otherwise_is_not_compared_with(tracked, tmp_path):
    version = SimpleNamespace(name="m", version="1", source="", tags={})
    champion = Champion(version)
    answer = SimpleNamespace(score=lambda texts: (["pos"] * len(texts), [0.9] * len(texts), None))
    words = SimpleNamespace(vocabulary=SimpleNamespace(words=[]), network_tokens=lambda texts: [[] for _ in texts])
    vars(champion).update(dataset=tmp_path, scorer=answer, features=words)
    pd.DataFrame({"text": ["映画は最高。", "so good"], "label": ["pos", "pos"]}).to_parquet(tmp_path / "test.parquet")
    with mlflow.start_run() as run:
        log_parquet(pd.DataFrame({"words": [1, 2]}), f"reference/version_1_{text_digest('')[:8]}.parquet")
    for _ in range(2):  # computed, and kept
        assert champion.get_reference(run.info.run_id)["words"].tolist() == [5, 2]
