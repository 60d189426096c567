"""What identifies the content of a comparison, and the table of its predictions."""

import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd

from sentiment.evaluation.comparison import EvaluatedModel, EvaluationData, digest_comparison, tabulate_predictions
from tests.reports.rows import row


def evaluated(family, *digests, **more):
    runs = [
        SimpleNamespace(info=SimpleNamespace(run_id="r"), data=SimpleNamespace(tags={"step.output_digest": digest}))
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
