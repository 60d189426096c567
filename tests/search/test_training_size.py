"""Accuracy by the number of training texts."""

from types import SimpleNamespace

import mlflow
import numpy as np
import pytest

from sentiment.evaluation.metrics import scores
from sentiment.model.families import get_family
from sentiment.model.space import drop_inactive
from sentiment.model.training import Training
from sentiment.search.packaging import log_model
from sentiment.search.training_size import FEWEST, LONGEST, SHARES, measure_training_sizes
from tests.model.conftest import make_features

PARAMS = {"classifier": "multinomial_nb", "weighting": "counts", "max_order": 1, "max_terms": 5000, "alpha": 1.0}


@pytest.fixture
def tune_run(tracked):
    """A function that gives a finished search of naive Bayes, whose best trial took so many seconds."""

    def run(seconds=1.0):
        with mlflow.start_run(tags={"mlflow.project.entryPoint": "tune", "family": "simple"}) as active:
            mlflow.log_params({f"best_{name}": value for name, value in PARAMS.items()})
            mlflow.log_metric("train_seconds", seconds)
        return mlflow.get_run(active.info.run_id)

    return run


def test_accuracy_grows_with_the_texts_up_to_that_of_the_model(tune_run, tmp_path):
    features = make_features(tmp_path, ["good", "bad"])
    labels = np.array(features.labels("choice"))
    right = np.eye(2)[labels]
    points = measure_training_sizes(tune_run(), Training(), features, right)
    documents = [point["documents"] for point in points]
    assert documents == [40, 120]  # a ninth has fewer than FEWEST of a class
    assert points[-1]["accuracy"] == 1.0 == points[-1]["high"]
    assert all(point["low"] <= point["accuracy"] <= point["high"] for point in points)
    assert points[0]["accuracy"] > 0.9  # two words tell these classes apart


def test_all_points_of_an_ensemble_of_networks_are_of_one_network(tracked, tmp_path):
    features, training = make_features(tmp_path, ["good", "bad"]), Training(epochs=1)
    family, right = get_family("dense"), np.eye(2)[np.array(features.labels("choice"))]
    space, params = family.search_space(training)
    params = params | {"learning_rate": 1e-4}  # with which nothing is learned in one epoch
    networks = [family.fit(features, params, training, lambda *_: None)]
    model = family.fit_members(features, params, training, networks)
    with mlflow.start_run(tags={"mlflow.project.entryPoint": "tune", "family": "dense"}) as active:
        mlflow.log_params({f"best_{name}": value for name, value in drop_inactive(space, params).items()})
        mlflow.log_metric("train_seconds", 1.0)
        mlflow.set_tag("model_uri", log_model("dense", features, model))
    points = measure_training_sizes(mlflow.get_run(active.info.run_id), training, features, right)
    one_network = scores(features.labels("choice"), networks[0].predict_split(features, "choice"))
    assert len(model.members) == 2 and points[-1]["accuracy"] == one_network["accuracy"] < 1.0


def test_parts_are_fitted_with_the_epochs_of_the_best_trial(tracked, tmp_path, monkeypatch):
    features, family, fitted = make_features(tmp_path, ["good", "bad"]), get_family("dense"), []
    right, model = np.eye(2)[np.array(features.labels("choice"))], SimpleNamespace(predict_split=lambda *_: right)
    monkeypatch.setattr(family, "fit", lambda part, params, training, show: fitted.append(training.epochs) or model)
    monkeypatch.setattr("sentiment.search.training_size._predict_by_one_network", lambda *_: right)
    with mlflow.start_run(tags={"mlflow.project.entryPoint": "tune", "family": "dense"}) as active:
        mlflow.log_params({"best_dropout": 0.2, "best_epochs": 2, "best_seed": 43})  # as hyperband proposes
        mlflow.log_metric("train_seconds", 1.0)
        mlflow.set_tag("model_uri", "models:/none")
    measure_training_sizes(mlflow.get_run(active.info.run_id), Training(epochs=6), features, right)
    assert fitted == [2]


def test_a_larger_part_has_the_texts_of_a_smaller_one_and_the_shares_of_the_classes(tmp_path):
    features = make_features(tmp_path, ["good", "bad"])
    parts = []
    for share in SHARES:
        (tmp_path / str(share)).mkdir()
        parts.append(features.sample_training(share, 42, tmp_path / str(share)))
    small, large = (set(part.texts("train")) for part in parts)
    assert small < large < set(features.texts("train"))
    for part in parts:
        assert abs(np.mean(part.labels("train")) - np.mean(features.labels("train"))) < 0.05
        assert part.texts("choice") == features.texts("choice")


def test_it_is_left_out_where_fits_take_long_or_texts_are_few(tune_run, tmp_path):
    features = make_features(tmp_path, ["good", "bad"])
    right = np.eye(2)[np.array(features.labels("choice"))]
    assert measure_training_sizes(tune_run(LONGEST + 1), Training(), features, right) == []
    assert measure_training_sizes(tune_run(), Training(embedding="glove"), features, right) == []
    (tmp_path / "few").mkdir()
    few = features.sample_training(FEWEST / len(features.labels("train")), 42, tmp_path / "few")
    assert measure_training_sizes(tune_run(), Training(), few, right) == []
