"""Two tuned families and their ensemble, from compare to the registered model, in this process."""

import re

import mlflow
import numpy as np
import pandas as pd
import pytest

from sentiment.artifacts import artifacts, log_parquet
from sentiment.corpora.reading import CorpusInput
from sentiment.errors import UserError
from sentiment.evaluation.metrics import log_loss
from sentiment.features.store import Features
from sentiment.model.families import get_family
from sentiment.model.training import Training
from sentiment.results import model_files
from sentiment.search.packaging import log_model
from sentiment.tracking import VALIDATION_PREDICTIONS
from sentiment.workflow.parameters import CompareParameters, FeaturizeParameters, IngestParameters, RegisterParameters
from sentiment.workflow.reuse import write_manifest
from steps.compare import compare
from steps.featurize import featurize
from steps.ingest import ingest
from steps.register import register
from tests.conftest import store

NAIVE_BAYES = {"classifier": "multinomial_nb", "weighting": "counts", "max_order": 1, "max_terms": 5000, "alpha": 1.0}


def run_step(step, parameters, *inputs):
    with mlflow.start_run(tags={"mlflow.project.entryPoint": step.__name__}) as run:
        mlflow.log_params(parameters.model_dump())
        step(parameters, *inputs)
        write_manifest([])
    return mlflow.get_run(run.info.run_id)


def run_ingest(**given):
    parameters = IngestParameters(**given)
    return run_step(ingest, parameters, CorpusInput(parameters.source))


@pytest.fixture(scope="module")
def tracked(tmp_path_factory):
    with store(tmp_path_factory.mktemp("compare")) as client:
        yield client


@pytest.fixture(scope="module")
def tuned(tracked, tmp_path_factory):
    """Tune runs of two families, each of which is right about the half of the choice that the other is unsure of.

    Both have models of the family simple, so that nothing has to be trained for long; nor is the family encoder, for
    the accuracy with fewer training texts.
    """
    corpus = tmp_path_factory.mktemp("corpus") / "c.csv"
    random = np.random.default_rng(0)
    labels = np.arange(400) % 2
    fillers = random.choice(["film", "story", "actor", "scene", "music"], (400, 4))
    words = [random.choice(["good", "bad"] if label == (random.random() < 0.8) else ["film"]) for label in labels]
    texts = [f"{word} {' '.join(others)} {number}" for number, (word, others) in enumerate(zip(words, fillers))]
    pd.DataFrame({"text": texts, "label": np.array(["neg", "pos"])[labels]}).to_csv(corpus, index=False)
    ingested = run_ingest(corpus=str(corpus))
    featurized = run_step(featurize, FeaturizeParameters(), ingested)
    features = Features(artifacts(featurized.info.run_id, "features"), artifacts(ingested.info.run_id, "dataset"))
    positive = np.array(features.labels("choice")) == 1
    runs = []
    for number, (family, alpha) in enumerate((("encoder", 0.1), ("simple", 10.0))):
        model = get_family("simple").fit(features, NAIVE_BAYES | {"alpha": alpha}, Training(), lambda *_: None)
        of_label = np.where(np.arange(len(positive)) // 2 % 2 == number, 0.95, 0.4)
        of_positive = np.where(positive, of_label, 1 - of_label)
        with mlflow.start_run(tags={"mlflow.project.entryPoint": "tune", "family": family}) as run:
            tags = {"featurize_run": featurized.info.run_id, "model_uri": log_model("simple", features, model)}
            mlflow.set_tags(tags | {"step.output_digest": family, "best_trial": run.info.run_id})
            probabilities = np.column_stack([1 - of_positive, of_positive])
            loss = log_loss(features.labels("choice"), probabilities)
            mlflow.log_metrics({"train_seconds": 2.0, "validation_log_loss": loss})
            log_parquet(pd.DataFrame(probabilities, columns=features.classes), VALIDATION_PREDICTIONS)
            with mlflow.start_run(nested=True, tags={"trial": "1"}):
                mlflow.log_metric(f"validation_{'cross_validated_' * (family == 'simple')}accuracy", 0.8)
        runs.append(mlflow.get_run(run.info.run_id))
    return runs


def leave_out_pages(patch):
    """Have compare draw nothing, where a test does not look at its pages."""
    patch.setattr("steps.compare.plots.draw_comparison", lambda *_: {})
    patch.setattr("steps.compare.render_card", lambda *_, **__: "")


def test_the_ensemble_of_two_families_wins_and_is_registered(tuned, tracked, monkeypatch):
    compared = run_step(compare, CompareParameters(), tuned)
    comparison = mlflow.artifacts.load_dict(f"runs:/{compared.info.run_id}/comparison.json")
    assert [comparison["winner"], len(comparison["rows"])] == ["ensemble", 3]
    ensemble, *members = comparison["rows"]
    weights = ensemble["weights"]
    assert set(weights) == {"encoder", "simple"} and sum(weights.values()) == pytest.approx(1)
    assert ensemble["tune_run"] == ",".join(run.info.run_id for run in tuned) and ensemble["train_seconds"] == 4.0
    assert ensemble["model_bytes"] > max(row["model_bytes"] for row in members) and ensemble["latency_ms_p50"] > 0

    # What is served gives each text the weighted mean, and every page and table has the ensemble beside the families.
    said = pd.read_parquet(artifacts(compared.info.run_id, "test_predictions.parquet"))
    expected = sum(weight * said[f"{family}.probability.pos"] for family, weight in weights.items())
    assert np.allclose(said["ensemble.probability.pos"], expected)
    card = mlflow.artifacts.load_text(f"runs:/{compared.info.run_id}/review.html")
    assert "The ensemble is 0." in card and card.count("1 trial, 0 failed") == 2
    # Three accuracies of one model are of different texts, and what is not there is said with the reason.
    half = "the first half of the validation split"
    assert "Validation metrics are from the second half of the validation split" in card
    assert f"The validation accuracy is from {half}." in card
    assert f"The cross-validated accuracy is from the training split and {half}." in card
    assert (
        "Not measured for encoder: it is left out for families that start from a checkpoint" in card
        and "fewer than 30 training texts." in card
    )
    assert "Slices of fewer than 10 texts are left out." in card
    plots = {file.path for file in tracked.list_artifacts(compared.info.run_id, "plots")}
    assert "plots/calibration.png" in plots and "plots/learning_curves.png" not in plots  # none has epochs
    assert set(comparison["behaviour"]) == {"encoder", "simple", "ensemble"}
    model = mlflow.get_logged_model(ensemble["model_uri"].removeprefix("models:/"))
    on = {metric.key: metric.dataset_name for metric in model.metrics}
    assert on["test_accuracy"] == "c" and on["validation_log_loss"] is None  # of half of the validation split
    figures = {metric.key: metric.value for metric in model.metrics}
    assert figures["test_accuracy"] == ensemble["test_accuracy"] and "simple.test_accuracy" not in figures
    assert figures["validation_log_loss"] == ensemble["validation_log_loss"]

    leave_out_pages(monkeypatch)
    for row in members:  # what another process leaves that has loaded the model is no part of it
        (model_files(row["model_uri"]) / "code" / "__pycache__").mkdir(parents=True, exist_ok=True)
        (model_files(row["model_uri"]) / "code" / "__pycache__" / "by_another.pyc").write_bytes(bytes(100_000))
    # By another rule it is another result, which register looks at, and the same models, by which it knows the version.
    ruled = run_step(compare, CompareParameters(choose="smallest_within", margin=0.0), tuned)
    assert ruled.data.tags["winner"] == "ensemble"
    rows = mlflow.artifacts.load_dict(f"runs:/{ruled.info.run_id}/comparison.json")["rows"]
    size = {row["family"]: row["model_bytes"] for row in rows}
    assert all(size[row["family"]] == row["model_bytes"] for row in members)
    assert ruled.data.tags["comparison.digest"] == compared.data.tags["comparison.digest"]
    assert ruled.data.tags["step.output_digest"] != compared.data.tags["step.output_digest"]
    registered = run_step(register, RegisterParameters(), compared)
    version = tracked.get_model_version_by_alias("sentiment", "champion")
    assert (version.tags["family"], version.tags["tune_run"]) == ("ensemble", ensemble["tune_run"])
    assert version.tags["featurize_run"] == tuned[0].data.tags["featurize_run"]  # also once the tune run is gone
    assert registered.data.tags["gate"] == "passed"
    again = run_step(register, RegisterParameters(reuse=True), ruled)
    assert again.data.tags["model_version"] == "1" and "it already was" in again.data.tags["mlflow.note.content"]
    answer = mlflow.pyfunc.load_model("models:/sentiment@champion").predict(said["text"].tolist())
    assert np.allclose(answer["score"], said["ensemble.score"])


def test_without_ensemble_there_are_the_families_alone(tuned, monkeypatch, capsys):
    leave_out_pages(monkeypatch)
    compared = run_step(compare, CompareParameters(ensemble=False), tuned)
    assert re.search(r"^compare: \d+ test documents$", capsys.readouterr().out, re.MULTILINE)
    comparison = mlflow.artifacts.load_dict(f"runs:/{compared.info.run_id}/comparison.json")
    assert {row["family"] for row in comparison["rows"]} == {"encoder", "simple"}
    assert "model_uri" not in compared.data.tags


def test_predictions_for_other_texts_than_those_of_the_choice_are_refused(tuned):
    """As many predictions as there are texts do not make them theirs."""
    given = mlflow.artifacts.download_artifacts(f"runs:/{tuned[1].info.run_id}/{VALIDATION_PREDICTIONS}")
    with mlflow.start_run(tags=tuned[1].data.tags) as run:
        mlflow.log_metrics(tuned[1].data.metrics)
        log_parquet(pd.read_parquet(given)[::-1], VALIDATION_PREDICTIONS)
    with pytest.raises(UserError, match=f"tune run {run.info.run_id} predates the present halves"):
        run_step(compare, CompareParameters(), [mlflow.get_run(run.info.run_id)])
