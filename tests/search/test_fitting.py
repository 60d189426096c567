"""One trial by itself, in a real run."""

import mlflow
import pandas as pd
import pytest

from sentiment.evaluation.metrics import log_loss
from sentiment.features.writing import write_features
from sentiment.model.families.dense import DEFAULTS, SPACE
from sentiment.model.families.simple import FAMILY
from sentiment.model.space import drop_inactive
from sentiment.model.text.cleaning import Cleaner
from sentiment.model.training import Criterion, Training
from sentiment.search.fitting import TrialConfig, log_best_model, run_trial
from sentiment.search.trials import Outcome, TrialRecorder, loss_of, rank_trials
from tests.model.conftest import make_features


@pytest.fixture
def trial(tracked, tmp_path):
    """Runs a trial of the dense family with some hyperparameters and thresholds, and gives its outcome and its run."""
    texts = [f"{word} film" for word in ("good", "bad") * 20]
    parts = {
        name: pd.DataFrame({"text": texts, "label": ["pos", "neg"] * 20}) for name in ("train", "validation", "test")
    }
    for name, part in parts.items():
        part.to_parquet(tmp_path / f"{name}.parquet")
    (tmp_path / "features").mkdir()
    write_features(tmp_path / "features", parts, Cleaner(), vocabulary_size=20, max_length=5)
    training = Training(epochs=3, batch_size=8)
    config = TrialConfig("dense", str(tmp_path / "features"), str(tmp_path), training, mlflow.get_tracking_uri())
    with mlflow.start_run() as run:
        recorder = TrialRecorder("dense", run)

        def begin(thresholds=(), **params):
            params = drop_inactive(SPACE, DEFAULTS) | params
            outcome = run_trial(config, recorder, 1, params, 3, 42, thresholds, tmp_path / "model", None)
            return outcome, tracked.get_run(outcome.run_id)

        yield begin


def test_a_trial_keeps_its_model_and_its_curve(trial, tmp_path):
    outcome, run = trial()
    assert run.info.status == "FINISHED" and outcome.model == tmp_path / "model" and any(outcome.model.iterdir())
    assert len(outcome.curve) == 3 and outcome.loss == 1 - run.data.metrics["validation_accuracy"]


def test_a_loss_that_is_no_number_is_a_failed_trial_with_the_reason(trial, tmp_path):
    outcome, run = trial(learning_rate=float("nan"))
    assert "no longer a number after epoch 1" in outcome.error and outcome.loss is None
    assert run.info.status == "FAILED" and "try a lower learning_rate" in run.data.tags["error"]
    assert not (tmp_path / "model").exists()


def test_a_trial_under_the_threshold_ends_there_and_has_no_model(trial, tmp_path):
    outcome, run = trial(thresholds=(0.0, 1.1))
    assert run.info.status == "FINISHED" and run.data.tags["pruned"] == "after epoch 2" and len(outcome.curve) == 2
    assert outcome.figures is None and outcome.loss == pytest.approx(1 - outcome.curve[-1])
    assert not (tmp_path / "model").exists()


def test_where_trials_see_a_sample_the_model_is_fitted_on_all(tracked, tmp_path, monkeypatch, capsys):
    features = make_features(tmp_path, ["good", "bad"])
    texts = []
    fit = type(FAMILY).fit

    def fit_and_count(family, part, *arguments):
        texts.append(len(part.labels("train")))
        return fit(family, part, *arguments)

    monkeypatch.setattr(type(FAMILY), "fit", fit_and_count)
    monkeypatch.setattr(type(FAMILY), "search_texts", 40)
    paths = str(features.folder), str(features.dataset)
    config = TrialConfig("simple", *paths, Training(), mlflow.get_tracking_uri())
    params = {"classifier": "multinomial_nb", "weighting": "counts", "max_order": 1, "max_terms": 5_000, "alpha": 1.0}
    with mlflow.start_run() as run:
        recorder = TrialRecorder("simple", run)
        outcome = run_trial(config, recorder, 1, params, None, 42, (), tmp_path / "model", None)
        logged = log_best_model(config, run.info.run_id, [outcome], "digest")
    assert texts == [40, 120] and logged.sample == 40 and not logged.refitted and logged.seconds > 0
    assert "the best trial on a sample of 40 texts, on all 120 of the training split" in capsys.readouterr().out


def test_a_search_takes_the_lowest_log_loss_where_that_is_the_metric():
    metric = Criterion("log_loss", log_loss, higher_is_better=False)
    trials = [
        Outcome("", name, {}, 1, figures, loss_of(figures, metric))
        for name, figures in (
            ("accurate", {"accuracy": 0.9, "log_loss": 0.6}),
            ("calibrated", {"accuracy": 0.8, "log_loss": 0.4}),
            ("cross-validated", {"accuracy": 0.8, "log_loss": 0.3, "cross_validated_log_loss": 0.5}),
        )
    ]
    names = ["calibrated", "cross-validated", "accurate"]
    assert [trial.name for trial in rank_trials(trials, "simple")] == names


def test_of_equally_good_trials_the_one_of_the_lower_log_loss_is_the_best():
    losses = {"worse": 0.6, "better": 0.4}
    trials = [Outcome("", name, {}, 1, {"accuracy": 0.9, "log_loss": loss}, 0.1) for name, loss in losses.items()]
    assert [trial.name for trial in rank_trials(trials, "simple")] == ["better", "worse"]
