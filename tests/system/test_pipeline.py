"""A Hugging Face pipeline that is not trained, beside a family that is."""

import json

import mlflow
import numpy as np
import pytest

from sentiment.evaluation.measure import in_own_process
from sentiment.labelling.labelers import pipeline as labeler
from sentiment.model.families import pipeline
from sentiment.search.packaging import EXAMPLE, FLAVOR_SIGNATURE
from tests.conftest import runs, store
from tests.model.checkpoint import write_checkpoint
from tests.system.processes import FAST_SEARCH, NAIVE_BAYES, SHORT, predict_elsewhere, run_here, run_step, run_steps
from tests.system.starter import REAL_WORKERS


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    for package in ("torch", "transformers"):
        pytest.importorskip(package, reason=f"{package} is an extra: requirements-pipeline.txt")
    folder = tmp_path_factory.mktemp("pipeline")
    write_checkpoint(folder / "checkpoint", ["good", "bad", "film", "the", "a", "not"])
    (folder / "space.yaml").write_text(NAIVE_BAYES)
    run_steps(
        folder,
        ["ingest"],
        ["featurize", *(f"--{name}={value}" for name, value in SHORT.items())],
        FAST_SEARCH,
        ["tune", "--family=dense", "--max_evals=1", "--epochs=1", "--parallelism=1", "--members=1"],
        ["tune", "--family=pipeline", "--pretrained=checkpoint"],
    )
    run_steps(folder, ["compare"], **{REAL_WORKERS: "1"})
    return folder


def test_it_stands_in_the_same_table_and_is_served_like_the_others(tuned):
    (compared,) = runs(tuned, "compare")
    with store(tuned):
        rows = mlflow.artifacts.load_dict(f"runs:/{compared.info.run_id}/comparison.json")["rows"]
    row = {row["family"]: row for row in rows}["pipeline"]
    assert {row["family"] for row in rows} - {"ensemble"} == {"simple", "dense", "pipeline"}
    assert all("pipeline" not in row.get("weights", {}) for row in rows)  # torch does not go with TensorFlow
    assert 0.3 < row["test_accuracy"] < 0.7 and row["roc_auc"] > 0 and row["model_bytes"] > 1000
    answer = predict_elsewhere(tuned, row["model_uri"], ["A good film.", "!", "bad " * 500])
    assert set(answer["label"]) <= {"negative", "positive"} and all(0.5 <= score <= 1 for score in answer["score"])


def answers(checkpoint, texts):
    """The probabilities of a pipeline as it is measured, and the scores as it is served once it has been logged."""
    model = pipeline.PipelineModel(pipeline.load_pipeline(checkpoint))
    with mlflow.start_run():
        uri = pipeline.FAMILY.log_model(model, name="pipeline", signature=FLAVOR_SIGNATURE, input_example=EXAMPLE)
    return model.predict_proba(texts), mlflow.pyfunc.load_model(uri).predict(texts)["score"].to_numpy()


def probabilities(checkpoint, texts):
    return pipeline.predict_pipeline(pipeline.load_pipeline(checkpoint), texts)


def test_half_of_a_surrogate_pair_is_an_unknown_character(tmp_path):
    for package in ("torch", "transformers"):
        pytest.importorskip(package, reason=f"{package} is an extra: requirements-pipeline.txt")
    checkpoint = write_checkpoint(tmp_path / "checkpoint", ["good", "bad", "film"])
    half, unknown = in_own_process(probabilities, str(checkpoint), ["film \ud83d", "film \ufffd"])
    assert np.allclose(half, unknown, atol=1e-5)


def test_a_checkpoint_of_several_labels_a_text_is_measured_as_it_is_served(tmp_path, tracked):
    for package in ("torch", "transformers"):
        pytest.importorskip(package, reason=f"{package} is an extra: requirements-pipeline.txt")
    checkpoint = write_checkpoint(tmp_path / "checkpoint", ["good", "bad", "film"])
    config = json.loads((checkpoint / "config.json").read_text())
    (checkpoint / "config.json").write_text(json.dumps(config | {"problem_type": "multi_label_classification"}))
    measured, served = in_own_process(answers, str(checkpoint), ["good film", "bad", "film"])
    assert np.allclose(served, measured.max(axis=1), atol=1e-5)


def test_without_a_checkpoint_or_with_one_that_cannot_be_had_it_says_what_to_do(tuned):
    process = run_here("tune", "--family=pipeline", cwd=tuned)
    assert process.returncode == 1 and "pipeline without pretrained: give a checkpoint" in process.stderr
    process = run_step("tune", "--family=pipeline", "--pretrained=nobody/nothing", cwd=tuned, HF_HUB_OFFLINE="1")
    assert process.returncode == 1 and "Traceback" not in process.stderr
    assert "give its folder, pretrained=path/to/checkpoint" in process.stderr


def test_a_checkpoint_that_is_not_there_ends_a_search_before_its_trials(tuned):
    process = run_step("tune", "--family=finetuned", "--pretrained=./nowhere", cwd=tuned)
    assert process.returncode == 1 and "error: pretrained=./nowhere: there is no such folder" in process.stderr
    run = runs(tuned, "tune")[0]
    assert not [trial for trial in runs(tuned) if trial.data.tags.get("mlflow.parentRunId") == run.info.run_id]


def test_options_of_another_family_are_refused(tuned):
    process = run_here("tune", "--family=simple", "--pretrained=checkpoint", cwd=tuned)
    assert (
        process.returncode == 1
        and "simple has no pretrained: only family=encoder or finetuned or pipeline has it" in process.stderr
    )
    process = run_here("tune", "--family=simple", "--members=5", cwd=tuned)
    assert process.returncode == 1 and "simple has no members: only family=dense" in process.stderr
    process = run_here("train", "--family=lstm", "--embedding=glove", cwd=tuned)
    assert process.returncode == 1 and "embedding=glove without embedding_file" in process.stderr


def test_it_labels_texts_that_have_no_label(tmp_path):
    for package in ("torch", "transformers"):
        pytest.importorskip(package, reason=f"{package} is an extra: requirements-pipeline.txt")
    write_checkpoint(tmp_path / "checkpoint", ["good", "bad", "film"])
    polarities = labeler.rate(str(tmp_path / "checkpoint"), ["good film", "bad film", "film"])
    assert polarities.shape == (3,) and all(0.5 <= abs(polarity) <= 1 for polarity in polarities)
