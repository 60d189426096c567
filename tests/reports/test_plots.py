import numpy as np
from matplotlib.text import Text
from sklearn.metrics import roc_auc_score

from sentiment.reports import plots
from tests.reports.rows import row

LABELS = np.array([0, 1, 2, 0, 1, 2])
PROBABILITIES = np.array(
    [[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7], [0.3, 0.6, 0.1], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]]
)


def test_of_a_curve_with_very_many_points_some_are_drawn_and_all_count():
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 200_000)
    score = np.clip(random.normal(0.4 + 0.2 * labels, 0.2), 0, 1)
    figure = plots.draw_curves(labels, {"simple": np.column_stack([1 - score, score])}, ["neg", "pos"])
    for axes in figure.axes:
        line = axes.lines[0]
        assert len(line.get_xdata()) == plots.DRAWN and {line.get_xdata()[0], line.get_xdata()[-1]} == {0.0, 1.0}
    assert f"(area {roc_auc_score(labels, score):.3f})" in figure.axes[0].lines[0].get_label()


def test_plots_are_drawn_for_two_and_three_classes(tmp_path):
    two = PROBABILITIES[:, :2] / PROBABILITIES[:, :2].sum(axis=1, keepdims=True)
    figures = [
        plots.draw_curves(LABELS, {"simple": PROBABILITIES}, ["a", "b", "c"]),
        plots.draw_curves(LABELS % 2, {"simple": two}, ["a", "b"]),
        plots.draw_confusion(LABELS, PROBABILITIES, ["$", "$$", "$x_1$"], "title"),  # no mathematics
        plots.draw_accuracy_intervals([row("simple", 0.9, 0.86)]),
        plots.draw_failure_rates({"simple": [{"capability": "typos", "kind": "invariance", "failure_rate": 0.2}]}),
        plots.draw_accuracy_and_cost(
            [row("simple", 0.9, 0.86), row("lstm", 0.8, 0.8) | {"latency_ms_p50": 500.0}],
            {"latency_ms_p50": ["simple"], "model_bytes": []},
        ),
    ]
    for number, figure in enumerate(figures):
        path = tmp_path / f"{number}.png"
        figure.savefig(path)
        texts = [text.get_text() for text in figure.findobj(Text)]
        assert not any("mathdefault" in text for text in texts) and (number != 2 or "$x_1$" in texts)
        assert path.stat().st_size > 5000


def test_of_a_thousand_classes_those_with_the_most_mistakes_are_shown(tmp_path):
    labels = np.repeat(np.arange(1000), 2)
    predicted = labels.copy()
    predicted[2 * 700 : 2 * 720] = 3  # twenty classes that are taken for class 3
    figure = plots.draw_confusion(labels, np.eye(1000)[predicted], [f"class {n}" for n in range(1000)], "title")
    shown = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert len(shown) == 50 and {"class 3", *(f"class {number}" for number in range(700, 720))} <= set(shown)
    assert "50 classes with the most mistakes of 1000" in figure.axes[0].get_title()
    figure.savefig(tmp_path / "confusion.png")


def test_a_confusion_matrix_has_classes_that_are_numbers_in_their_order():
    classes = ["1", "10", "2"]
    figure = plots.draw_confusion(np.array([1, 1, 2]), np.eye(3)[[1, 1, 0]], classes, "title")
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["1", "2", "10"]
    assert {(text.get_position(), text.get_text()) for text in axes.texts} == {((2, 2), "2"), ((0, 1), "1")}


def test_long_names_of_classes_are_shortened_and_end_below_their_own_column():
    names = [f"{number} very good value for money but slow delivery" for number in range(3)]
    figure = plots.draw_confusion(LABELS, PROBABILITIES, names, "simple, test split")
    figure.draw_without_rendering()
    (axes,) = figure.axes
    for place, label in enumerate(axes.get_xticklabels()):
        column = axes.transData.transform((place, 0))[0]
        assert label.get_text() == f"{place} very good value for mo…"
        assert label.get_window_extent().x1 < column + 20
    assert axes.get_title() == "Confusion matrix, texts\nsimple, test split"


def test_curves_of_two_classes_say_which_one_is_positive():
    figure = plots.draw_curves(LABELS % 2, {"simple": PROBABILITIES[:, :2]}, ["ham", "spam"])
    assert all("positive class: spam" in axes.get_xlabel() for axes in figure.axes)
    figure = plots.draw_curves(LABELS, {"simple": PROBABILITIES}, ["a", "b", "c"])
    assert not any("positive class" in axes.get_xlabel() for axes in figure.axes)


def test_a_title_and_the_names_of_families_stay_within_their_plots():
    behaviour = {"simple": [{"capability": "typos", "kind": "invariance", "failure_rate": 0.2}]}
    figure = plots.draw_failure_rates(behaviour)
    figure.draw_without_rendering()
    assert figure.axes[0].title.get_window_extent().x1 < figure.bbox.x1
    rows = [row("simple", 0.9, 0.86), row("transformer", 0.8, 0.8) | {"latency_ms_p50": 3.0, "model_bytes": 2_500_000}]
    figure = plots.draw_accuracy_and_cost(rows, {"latency_ms_p50": ["simple"], "model_bytes": []})
    figure.draw_without_rendering()
    for axes in figure.axes:
        assert {text.get_ha() for text in axes.texts} == {"left", "right"}
        assert all(axes.bbox.x0 < text.get_window_extent().x0 for text in axes.texts)
        assert all(text.get_window_extent().x1 < axes.bbox.x1 for text in axes.texts)


def test_no_score_below_zero_is_on_the_axes_of_the_calibration():
    probabilities = np.full((12, 12), 1 / 12)
    (axes,) = plots.draw_reliability(np.arange(12), {"simple": probabilities}).axes
    assert axes.get_xlim()[0] == axes.get_ylim()[0] == 0
