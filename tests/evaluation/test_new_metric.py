"""A metric that is added to the table reaches everything that follows from it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import matthews_corrcoef

from sentiment.evaluation import statistics
from sentiment.evaluation.choosing import choose
from sentiment.evaluation.measure import score_test_split
from sentiment.evaluation.metrics import METRICS, Metric, scores
from sentiment.monitoring.metrics import text_metrics
from sentiment.registry.checks import thresholds
from sentiment.reports import table

LABELS = np.array([0, 1, 1, 0, 1])
PROBABILITIES = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3], [0.1, 0.9]])
VALUE = matthews_corrcoef(LABELS, PROBABILITIES.argmax(axis=1))


@pytest.fixture(autouse=True)
def new_metric(monkeypatch):
    def matthews(labels, probabilities):
        return float(matthews_corrcoef(labels, probabilities.argmax(axis=1)))

    monkeypatch.setitem(METRICS, "matthews", Metric("matthews", "MCC", "{:.3f}", True, matthews, labels_only=True))


def row():
    measured = {"validation_accuracy": 0.8, "behaviour_failure_rate": 0.1, "train_seconds": 1.0}
    measured |= {"latency_ms_p50": 1.0, "latency_ms_p95": 2.0, "model_bytes": 1_000_000}
    return {"family": "simple"} | measured | score_test_split(LABELS, PROBABILITIES)


def test_it_is_computed_for_every_split():
    assert scores(LABELS, PROBABILITIES)["matthews"] == pytest.approx(VALUE)
    assert row()["matthews"] == pytest.approx(VALUE)


def test_it_is_a_column_of_the_tables():
    header, line = table.cells([row()])
    assert line[header.index("MCC")] == f"{VALUE:.3f}"
    comparison = {"rows": [row()]}
    assert "MCC" in table.console(comparison) and "| MCC |" in table.markdown(comparison)


def test_a_comparison_that_does_not_have_it_yet_leaves_its_cell_empty():
    earlier = row()
    del earlier["matthews"]
    header, line = table.cells([earlier])
    assert line[header.index("MCC")] == ""
    (threshold,) = thresholds.parse("gates", "matthews>=0.1")
    assert not threshold.check(earlier).passed and "run compare again" in threshold.check(earlier).message


def test_a_threshold_may_be_on_it():
    low, high = (thresholds.parse("gates", f"matthews>={bound}")[0] for bound in (0.1, 0.99))
    assert low.check(row()).passed and not high.check(row()).passed
    assert high.check(row()).name == "minimum_matthews"


def test_a_lead_in_it_is_told_in_points_only_where_it_is_a_share(monkeypatch):
    monkeypatch.setattr(statistics, "RESAMPLES", 10)
    rows = [
        {"family": name, "validation_matthews": value, "validation_log_loss": 0.5}
        for name, value in (("simple", VALUE), ("lstm", 0.0))
    ]
    probabilities = {"simple": PROBABILITIES, "lstm": np.full((5, 2), 0.5)}
    _, reason, _ = choose("accuracy", "matthews", 0.0, rows, LABELS, probabilities)
    assert f"the highest validation matthews, {VALUE:.3f} ahead of lstm" in reason
    monkeypatch.setitem(METRICS, "matthews", replace(METRICS["matthews"], share=True))
    _, reason, _ = choose("accuracy", "matthews", 0.0, rows, LABELS, probabilities)
    assert f"{100 * VALUE:.1f} points ahead of lstm" in reason


def test_monitoring_logs_it_from_predicted_labels():
    names = np.array(["neg", "pos"])
    observed = pd.DataFrame(
        {"label": names[LABELS], "predicted": names[PROBABILITIES.argmax(axis=1)], "score": 0.8, "words": 3}
    ).assign(unknown=0.0)
    found = text_metrics(observed, ["neg", "pos"])
    assert found["quality/matthews"] == pytest.approx(VALUE)
    assert found["quality/accuracy"] == pytest.approx(0.8) and "quality/log_loss" not in found


def test_a_batch_without_one_of_the_classes_is_not_worse_for_that():
    observed = pd.DataFrame({"predicted": list("bbcc"), "label": list("bbcb"), "score": 0.8, "words": 3})
    found = text_metrics(observed.assign(unknown=0.0), ["a", "b", "c"])
    averaged = ("accuracy", "balanced_accuracy", "f1_macro", "precision_macro", "recall_macro")
    assert [found[f"quality/{name}"] for name in averaged] == pytest.approx([3 / 4, 5 / 6, 11 / 15, 3 / 4, 5 / 6])
    assert [found[f"quality/precision.{name}"] for name in "abc"] == [0, 1, 0.5]
    assert [found[f"quality/recall.{name}"] for name in "abc"] == pytest.approx([0, 2 / 3, 1])
