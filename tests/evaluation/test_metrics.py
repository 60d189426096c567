import numpy as np
import pytest
from scipy.stats import bootstrap

from steps.evaluation import plots, table
from steps.evaluation.metrics import bootstrap_accuracy, calibration_error, scores

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
        "train_seconds": 12.0,
        "latency_ms_p50": 1.5,
        "latency_ms_p95": 2.0,
        "model_bytes": 1_500_000,
    }


def test_verdict_says_who_by_how_much_and_does_not_hide_a_worse_test_figure():
    said = table.verdict([row("simple", 0.9, 0.86), row("lstm", 0.88, 0.87)])
    assert said == (
        "simple wins by validation accuracy, 2.0 points ahead of lstm; on the test split it is 1.0 points behind."
    )
    assert "level with lstm" in table.verdict([row("simple", 0.9, 0.9), row("lstm", 0.9, 0.87)])
    assert "only family" in table.verdict([row("simple", 0.9, 0.9)])


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
    ]
    for number, figure in enumerate(figures):
        path = tmp_path / f"{number}.png"
        figure.savefig(path)
        assert path.stat().st_size > 5000
