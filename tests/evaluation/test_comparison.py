"""What identifies a comparison, the figures of an ensemble and of the majority class, and the table of predictions."""

import warnings
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sentiment.evaluation import comparison
from sentiment.evaluation.behaviour import FUNCTIONALITY, Case
from sentiment.evaluation.comparison import (
    EvaluatedModel,
    EvaluationData,
    digest_comparison,
    evaluate_ensemble,
    evaluate_majority,
    read_data,
    tabulate_predictions,
)
from sentiment.evaluation.measure import Measurement, score_test_split
from sentiment.evaluation.pooling import Pooling
from tests.reports.rows import row


def evaluated(family, *digests, **more):
    metrics = {"train_seconds": 2.0, "search_texts": 100.0 * len(family)}
    runs = [
        SimpleNamespace(
            info=SimpleNamespace(run_id=digest),
            data=SimpleNamespace(tags={"step.output_digest": digest}, metrics=metrics),
        )
        for digest in digests
    ]
    return EvaluatedModel(runs, row(family, 0.9, 0.86) | more, np.empty(0), np.empty(0), np.empty(0), np.empty(0), [])


def test_the_same_members_with_the_same_weights_are_the_same_ensemble():
    def digest(members, weights):
        return digest_comparison([evaluated("ensemble", *members, weights=weights), evaluated("simple", "s")])

    weights = {"lstm": 0.4, "simple": 0.6}
    assert digest("ls", weights) == digest("sl", weights)  # in whatever order their searches are named
    assert digest("ls", weights) != digest("lS", weights)
    assert digest("ls", weights) != digest("ls", {"lstm": 0.5, "simple": 0.5})


def test_the_predictions_of_120_classes_are_a_table_without_a_warning():
    classes = [f"class {number}" for number in range(120)]
    probabilities = np.eye(120)[[7, 3]]
    model = EvaluatedModel([], row("simple", 0.9, 0.86), probabilities, np.empty(0), np.empty(0), np.empty(0), [])
    test = pd.DataFrame({"id": ["a", "b"], "text": ["x", "y"], "label": ["class 7", "class 1"]}, index=[5, 9])
    data = EvaluationData(test, classes, np.array([7, 1]), np.empty(0), np.empty(0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = tabulate_predictions([model], data)
    assert list(table.columns[:6]) == [
        "id",
        "text",
        "label",
        "simple.label",
        "simple.score",
        "simple.probability.class 0",
    ]
    assert table["simple.label"].tolist() == ["class 7", "class 3"] and table["simple.score"].tolist() == [1, 1]
    assert table["simple.probability.class 3"].tolist() == [0, 1] and table.index.tolist() == [5, 9]


def test_an_ensemble_is_chosen_by_what_it_says_of_texts_that_its_weights_were_not_fitted_on(monkeypatch):
    def model(family, positive):
        found = np.array([[1 - positive, positive]])
        return replace(evaluated(family, family[0]), probabilities=found, on_behaviour=found**2, on_choice=found)

    def measure(family, function, uri, texts, labels, known):
        return Measurement(score_test_split(labels, known["test"]), known)

    monkeypatch.setattr(comparison, "in_process_for", measure)
    models = [model("simple", 0.8), model("dense", 0.0), model("lstm", 0.4)]
    held_out, truth = np.array([[0.6, 0.4]]), np.array([1])
    data = EvaluationData(pd.DataFrame({"text": ["a"]}), ["neg", "pos"], truth, truth, np.array([0.5, 0.5]))
    case = Case("praise", FUNCTIONALITY, "fine", expected="pos")
    pooling = Pooling({"lstm": 0.25, "simple": 0.75}, held_out)
    found = evaluate_ensemble("models:/m-1", pooling, models, data, [case], "accuracy")
    # Right with the weights that were fitted on all texts, of 0.7, and wrong without.
    assert found.row["validation_accuracy"] == 0 and found.row["test_accuracy"] == 1
    assert found.row["validation_log_loss"] == pytest.approx(-np.log(0.4)) and found.on_choice is held_out
    assert np.allclose(found.probabilities, [[0.3, 0.7]]) and np.allclose(found.on_behaviour, [[0.12, 0.52]])
    assert not found.failed[0] and found.weights == pooling.weights
    assert (found.row["tune_run"], found.row["train_seconds"], found.row["search_texts"]) == ("s,l", 4.0, 400)


def test_the_majority_class_is_that_of_the_training_split_and_so_are_the_shares_that_it_answers_with(tmp_path):
    pd.DataFrame({"text": list("abcd")}).to_parquet(tmp_path / "test.parquet")
    labels = {"train": [0, 1, 1, 1], "choice": [0], "test": [0, 0, 0, 1]}
    data = read_data(tmp_path, SimpleNamespace(labels=labels.get, classes=["neg", "pos"]))
    found = evaluate_majority(data, np.array([True, True, True, False]))
    assert (found["class"], found["test_accuracy"], found["lead"]["difference"]) == ("pos", 0.25, 0.5)
    assert found["log_loss"] == pytest.approx(-(3 * np.log(0.25) + np.log(0.75)) / 4)
