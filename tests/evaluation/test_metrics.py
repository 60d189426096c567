import numpy as np
import pytest
from scipy.stats import bootstrap

from sentiment.evaluation.metrics import bootstrap_accuracy, calibration_error, scores
from sentiment.reports import plots, table

LABELS = np.array([0, 1, 2, 0, 1, 2])
PROBABILITIES = np.array(
    [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7], [0.3, 0.6, 0.1], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]]
)


def test_scores_of_two_classes_by_hand():
    figures = scores(np.array([0, 0, 1, 1]), np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7]]))
    assert figures["accuracy"] == 0.75
    assert figures["roc_auc"] == 1.0  # every positive above every negative
    assert figures["log_loss"] == pytest.approx(-np.mean(np.log([0.9, 0.4, 0.8, 0.7])))
    assert figures["f1_macro"] == pytest.approx((2 / 3 + 4 / 5) / 2)


def test_scores_of_three_classes():
    assert scores(LABELS, PROBABILITIES)["accuracy"] == pytest.approx(5 / 6)


def test_calibration_error_by_hand():
    """Two bins: of two texts at 0.6 one is right, of two at 0.9 both are."""
    probabilities = np.array([[0.6, 0.4], [0.4, 0.6], [0.9, 0.1], [0.1, 0.9]])
    assert calibration_error(np.array([0, 0, 0, 1]), probabilities) == pytest.approx((2 * 0.1 + 2 * 0.1) / 4)
    assert calibration_error(np.array([0, 0]), np.array([[1.0, 0.0], [1.0, 0.0]])) == 0.0


def test_bootstrap_interval_is_scipys():
    correct = np.arange(200) % 5 != 0
    theirs = bootstrap((correct,), np.mean, method="percentile", n_resamples=10_000, rng=0).confidence_interval
    assert bootstrap_accuracy(correct, seed=1) == pytest.approx((theirs.low, theirs.high), abs=0.006)
    assert bootstrap_accuracy(correct, seed=1) == bootstrap_accuracy(correct, seed=1)


def row(family, validation, test):
    return {
        "family": family,
        "validation_accuracy": validation,
        "test_accuracy": test,
        "test_accuracy_low": test - 0.04,
        "test_accuracy_high": test + 0.04,
        "f1_macro": test,
        "roc_auc": 0.9,
        "log_loss": 0.3,
        "calibration_error": 0.02,
        "behaviour_failure_rate": 0.25,
        "train_seconds": 12.0,
        "latency_ms_p50": 1.5,
        "latency_ms_p95": 2.0,
        "model_bytes": 1_500_000,
    }


def pair(first, second, points, significant):
    return {
        "first": first,
        "second": second,
        "difference": points / 100,
        "low": (points - 3) / 100,
        "high": (points + 4) / 100,
        "p_value": 0.4,
        "p_holm": 0.8,
        "significant": significant,
    }


def test_verdict_says_who_and_why_and_does_not_hide_a_worse_test_figure():
    rows = [row("simple", 0.9, 0.86), row("lstm", 0.88, 0.87)]
    said = table.verdict({"rows": rows, "chosen": "the reason", "pairs": [pair("simple", "lstm", -1, False)]})
    assert said == (
        "simple wins: the reason. On the test split it is 1.0 points behind lstm, within noise "
        "(95% interval -4.0 to +3.0, p = 0.8)."
    )
    turned = table.verdict({"rows": rows, "chosen": "the reason", "pairs": [pair("lstm", "simple", -1, True)]})
    assert "1.0 points ahead of lstm, a real difference (95% interval -3.0 to +4.0" in turned
    assert "only family" in table.verdict({"rows": rows[:1]})


def test_the_slices_that_are_lost_are_listed_the_worst_first():
    lost = [{"slice": "a", "documents": 20, "family": "lstm", "behind": 0.01}]
    lost.append({"slice": "b", "documents": 30, "family": "lstm", "behind": 0.05})
    lines = table.lost_slices({"winner": "simple", "lost_slices": lost}).splitlines()
    assert lines[-2:] == ["| b | 30 | lstm | 5.0 |", "| a | 20 | lstm | 1.0 |"]
    assert table.lost_slices({"winner": "simple", "lost_slices": []}) == ""


def test_console_table_is_aligned():
    lines = table.console([row("simple", 0.9, 0.86), row("transformer", 0.88, 0.87)]).splitlines()
    assert len({len(line) for line in lines}) == 1 and lines[1].startswith("simple ")


def test_plots_are_drawn_for_two_and_three_classes(tmp_path):
    two = PROBABILITIES[:, :2] / PROBABILITIES[:, :2].sum(axis=1, keepdims=True)
    history = {key: [(1, 0.5), (2, 0.4)] for key in ("loss", "accuracy", "val_loss", "val_accuracy")}
    figures = [
        plots.curves(LABELS, {"simple": PROBABILITIES}),
        plots.curves(LABELS % 2, {"simple": two}),
        plots.confusion(LABELS, PROBABILITIES, ["a", "b", "c"], "title"),
        plots.learning_curves({"lstm": history}),
        plots.accuracy_intervals([row("simple", 0.9, 0.86)]),
        plots.failure_rates({"simple": [{"capability": "typos", "kind": "invariance", "failure_rate": 0.2}]}),
        plots.accuracy_and_cost([row("simple", 0.9, 0.86)], {"latency_ms_p50": ["simple"], "model_bytes": []}),
    ]
    for number, figure in enumerate(figures):
        path = tmp_path / f"{number}.png"
        figure.savefig(path)
        assert path.stat().st_size > 5000
