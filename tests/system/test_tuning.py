"""A search as a process of its own: with either tuner, as a grid, pruned, resumed, over a user's own space."""

from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from sentiment.features.store import Features
from tests.conftest import runs, store
from tests.system.processes import NAIVE_BAYES, run_step, tune


@pytest.fixture
def naive_bayes(tmp_path):
    """The option of a space whose trials take no time."""
    (tmp_path / "naive_bayes.yaml").write_text(NAIVE_BAYES)
    return f"--space={tmp_path}/naive_bayes.yaml"


def figures(trials):
    return [(trial.data.params, trial.data.metrics.get("validation_accuracy")) for trial in trials]


def features_of(folder):
    """The features of a folder's featurize run, with the dataset."""
    featurize, ingest = (runs(folder, step)[0] for step in ("featurize", "ingest"))
    addresses = (f"{featurize.info.artifact_uri}/features", f"{ingest.info.artifact_uri}/dataset")
    return Features(*(Path(mlflow.artifacts.download_artifacts(address)) for address in addresses))


def test_keras_tuner_fills_the_same_runs(features):
    run, trials = tune(
        features,
        "--family=dense",
        "--tuner=keras_tuner",
        "--algo=hyperband",
        "--max_evals=4",
        "--epochs=3",
        "--prune=false",
        "--parallelism=1",
        "--members=1",
    )
    assert len(trials) == 4 and {trial.data.params["epochs"] for trial in trials} <= {"1", "2", "3"}
    with store(features) as client:
        for trial in trials:
            epochs = client.get_metric_history(trial.info.run_id, "val_accuracy")
            assert [metric.step for metric in epochs] == list(range(1, int(trial.data.params["epochs"]) + 1))
    (best,) = [trial for trial in trials if trial.info.run_id == run.data.tags["best_trial"]]
    assert best.data.metrics["validation_accuracy"] == max(
        trial.data.metrics["validation_accuracy"] for trial in trials
    )
    epochs = best.data.params["epochs"]
    assert run.data.params.get("best_epochs", "3") == epochs
    assert epochs == "3" or f"epochs={epochs}" in run.data.tags["mlflow.note.content"]


def test_the_best_point_is_judged_before_it_is_fitted_on_both_splits(features):
    run, _ = tune(features, "--max_evals=2")
    with store(features):
        predicted = pd.read_parquet(
            mlflow.artifacts.download_artifacts(f"{run.info.artifact_uri}/validation_predictions.parquet")
        )
        splits = features_of(features)
        model = mlflow.pyfunc.load_model(run.data.tags["model_uri"])
        terms = set(model.get_raw_model().model.terms)
    assert list(predicted.columns) == splits.classes
    right = predicted.to_numpy().argmax(axis=1) == splits.labels("choice")
    assert right.mean() == run.data.metrics["validation_accuracy"]
    # Its n-grams are of all splits but the test split.
    first = {word for tokens in splits.tokens("train") for word in tokens}
    for split in ("validation", "choice"):
        later = {word for tokens in splits.tokens(split) for word in tokens}
        assert terms & (later - first)


def test_the_networks_of_several_seeds_are_one_model(features):
    search = ("--family=dense", "--max_evals=1", "--epochs=2", "--parallelism=1")
    alone, _ = tune(features, *search, "--members=1")
    together, trials = tune(features, *search, "--members=3")
    assert len(trials) == 1 and together.data.metrics["train_seconds"] > alone.data.metrics["train_seconds"]
    with store(features):
        single, model = (mlflow.pyfunc.load_model(run.data.tags["model_uri"]) for run in (alone, together))
        predicted = pd.read_parquet(
            mlflow.artifacts.download_artifacts(f"{together.info.artifact_uri}/validation_predictions.parquet")
        )
        splits = features_of(features)
        texts = splits.texts("choice")
        served, first = (one.get_raw_model() for one in (model, single))
        probabilities = served.predict_proba(texts)
        tokens = splits.tokens("choice")
        members = [member.predict_proba(tokens) for member in served.model.members]
    assert len(members) == 3
    first.model.temperature = served.model.members[0].temperature  # what is registered is calibrated once more
    assert np.allclose(members[0], first.model.predict_proba(tokens), atol=1e-6)
    assert not np.allclose(members[0], members[1], atol=1e-3) and not np.allclose(members[1], members[2], atol=1e-3)
    # Calibration changes no rank.
    mean = np.mean(members, axis=0)
    assert np.array_equal(np.argsort(mean[:, 0]), np.argsort(probabilities[:, 0]))
    # The figures are of the networks that are served, before these texts have calibrated them, too.
    right = predicted.to_numpy().argmax(axis=1) == splits.labels("choice")
    assert right.mean() == together.data.metrics["validation_accuracy"]
    assert np.array_equal(np.argsort(mean[:, 0]), np.argsort(predicted.to_numpy()[:, 0]))
    assert not np.allclose(probabilities, predicted.to_numpy(), atol=1e-6)


def test_a_trial_without_epochs_is_never_pruned(features, naive_bayes):
    run, trials = tune(features, "--max_evals=8", "--algo=random", naive_bayes)
    assert run.data.metrics["pruned_trials"] == 0
    assert all("validation_accuracy" in trial.data.metrics for trial in trials)


def test_a_grid_over_a_space_of_ones_own(features, tmp_path):
    (tmp_path / "space.yaml").write_text("classifier: multinomial_nb\nalpha: [0.1, 1.0]\nmax_order: [1, 2]\n")
    run, trials = tune(features, f"--space={tmp_path}/space.yaml", "--algo=grid", "--max_evals=1")
    points = [(trial.data.params["max_order"], trial.data.params["alpha"]) for trial in trials]
    assert points == [("1", "0.1"), ("1", "1.0"), ("2", "0.1"), ("2", "1.0")]
    # The file counts by its content.
    (tmp_path / "same.yaml").write_bytes((tmp_path / "space.yaml").read_bytes())
    again, _ = tune(features, f"--space={tmp_path}/same.yaml", "--algo=grid", "--max_evals=1", "--reuse=true")
    assert again.data.tags["step.reused"] == run.info.run_id
    (tmp_path / "space.yaml").write_text("alpha: [0.1, 30.0]\n")
    process = run_step("tune", f"--space={tmp_path}/space.yaml", cwd=features)
    assert process.returncode == 1 and "alpha: [0.1, 30.0] does not fit" in process.stderr
    assert "Traceback" not in process.stderr


def test_a_search_goes_on_from_another_one(features, naive_bayes):
    search = ("--algo=tpe", naive_bayes)
    short, first = tune(features, *search, "--max_evals=3")
    longer, trials = tune(features, *search, "--max_evals=5", f"--resume_run={short.info.run_id}")
    assert figures(trials)[:3] == figures(first) and len(trials) == 5
    reused = [trial.data.tags.get("step.reused") for trial in trials]
    assert reused[:3] == [trial.info.run_id for trial in first]
    undisturbed, same = tune(features, *search, "--max_evals=5")
    assert figures(same) == figures(trials)
    assert undisturbed.data.tags["step.output_digest"] == longer.data.tags["step.output_digest"]
    process = run_step("tune", *search, "--seed=7", f"--resume_run={short.info.run_id}", cwd=features)
    assert process.returncode == 1 and "had seed=42, and this search has 7: give the same value" in process.stderr


def test_trials_that_fall_behind_are_pruned_and_are_never_the_best(features, tmp_path):
    """The first four trials learn, which the eighth is the first to be measured by; with this seed it learns slowly."""
    (tmp_path / "space.yaml").write_text("layers: 1\nunits_1: 64\nlearning_rate: [0.005, 0.0001]\n")
    search = ("--family=dense", "--max_evals=8", "--epochs=4", "--algo=random", "--parallelism=1", "--members=1")
    search = (*search, f"--space={tmp_path}/space.yaml", "--seed=6")
    run, trials = tune(features, *search)
    pruned = [trial for trial in trials if "pruned" in trial.data.tags]
    assert pruned and run.data.metrics["pruned_trials"] == len(pruned)
    with store(features) as client:
        for trial in pruned:
            epochs = len(client.get_metric_history(trial.info.run_id, "val_accuracy"))
            assert (
                trial.info.status == "FINISHED" and trial.data.tags["pruned"] == f"after epoch {epochs}" and epochs < 4
            )
            assert "validation_accuracy" not in trial.data.metrics
    assert run.data.tags["best_trial"] not in [trial.info.run_id for trial in pruned]
    # The same points without pruning.
    _, whole = tune(features, *search, "--prune=false")
    assert [trial.data.params for trial in whole] == [trial.data.params for trial in trials]
    assert not [trial for trial in whole if "pruned" in trial.data.tags]
