"""What a search takes over from an earlier one, in this process."""

import json

import mlflow
import pandas as pd
import pytest

import steps.tune
from sentiment.errors import UserError
from sentiment.search.fitting import LoggedModel
from sentiment.search.trials import Outcome, best_params
from sentiment.tracking import FEATURIZE_RUN, OUTPUT_DIGEST, PARAMETER_FILES
from sentiment.workflow.logged_parameters import log_parameters
from sentiment.workflow.parameters import TuneParameters
from steps.tune import RESUMABLE, digest_files, find_earlier_trials, log_search
from tests.steps.conftest import Constant


@pytest.fixture
def featurized(tracked):
    return tracked.get_run(tracked.create_run("0", tags={OUTPUT_DIGEST: "features"}).info.run_id)


def search(featurized, given, files="{}"):
    """The tune run of a search with these parameters."""
    tags = {"mlflow.project.entryPoint": "tune", FEATURIZE_RUN: featurized.info.run_id, PARAMETER_FILES: files}
    with mlflow.start_run(tags=tags) as run:
        log_parameters(TuneParameters(**given))
    return run


def test_a_search_is_resumed_where_its_files_are_as_they_were(featurized, tmp_path):
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("good 1 0\n")
    given = {"family": "lstm", "embedding": "glove", "embedding_file": str(vectors)}
    files = json.dumps(digest_files(TuneParameters(**given)))
    earlier = search(featurized, given, files)
    resuming = TuneParameters(**given, resume_run=earlier.info.run_id)
    assert find_earlier_trials(earlier, featurized, resuming, digest_files(resuming)) == {}
    vectors.write_text("good 0 1\n")
    with pytest.raises(UserError, match=f"resume_run={earlier.info.run_id} used other content in embedding_file="):
        find_earlier_trials(earlier, featurized, resuming, digest_files(resuming))


def test_a_search_of_other_trials_is_not_resumed(featurized):
    earlier = search(featurized, {"family": "lstm"})
    others = {
        "family": "dense",
        "epochs": 9,
        "batch_size": 8,
        "seed": 7,
        "metric": "log_loss",
        "class_weight": "balanced",
        "embedding": "glove",
        "embedding_file": "vectors.txt",
        "pretrained": "checkpoint",
    }
    assert set(others) == set(RESUMABLE)
    for name, value in others.items():
        resuming = TuneParameters(**{"family": "lstm", name: value}, resume_run=earlier.info.run_id)
        with pytest.raises(UserError, match=f"had {name}=.*, and this search has {value}: give the same value"):
            find_earlier_trials(earlier, featurized, resuming, {})


def test_a_model_has_no_figures_of_its_search_and_those_of_an_earlier_fit_name_no_dataset(tracked):
    best = Outcome("0", "simple-01", {"alpha": 1.0}, 1, seed=42)
    with mlflow.start_run() as run:
        mlflow.log_input(mlflow.data.from_pandas(pd.DataFrame({"text": ["a"]}), name="sample"), "validation")
        uri = mlflow.pyfunc.log_model(name="simple", python_model=Constant(), pip_requirements=[]).model_uri
        logged = LoggedModel(uri, "digest", {"accuracy": 0.75}, 1.0, True, 0)
        log_search(TuneParameters(), [best], best, logged)
    model = mlflow.get_logged_model(uri.removeprefix("models:/"))
    found = {metric.key: (metric.value, metric.dataset_name) for metric in model.metrics}
    assert found == {"validation_accuracy": (0.75, None)}
    assert {"validation_accuracy", "train_seconds", "failed_trials"} <= set(
        tracked.get_run(run.info.run_id).data.metrics
    )


def test_the_seed_of_the_best_trial_is_named_where_it_is_not_that_of_the_search(tracked, monkeypatch):
    monkeypatch.setattr(steps.tune, "log_model_metrics", lambda *_: None)
    logged = LoggedModel("models:/m-1", "digest", {"accuracy": 0.75}, 1.0, False, 0)
    named = []
    for seed in (42, 43):
        best = Outcome("0", "dense-01", {"layers": 1}, 8, seed=seed)
        with mlflow.start_run() as run:
            log_search(TuneParameters(family="dense", epochs=8, seed=42), [best], best, logged)
        tune_run = tracked.get_run(run.info.run_id)
        named.append((best_params(tune_run), tune_run.data.tags["mlflow.note.content"]))
    (usual, _), (other, note) = named
    assert usual == {"layers": "1"} and other == {"layers": "1", "seed": "43"}
    assert "`layers=1 seed=43`, validation accuracy 0.7500" in note
