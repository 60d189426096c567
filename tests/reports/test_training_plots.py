from sentiment.reports import training_plots
from sentiment.reports.images import embed_panels


def test_learning_curves_are_drawn(tmp_path):
    history = {key: [(1, 0.5), (2, 0.4)] for key in ("loss", "accuracy", "val_loss", "val_accuracy")}
    training_plots.draw_learning_curves({"lstm": history}).savefig(tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 5000


def test_a_plot_of_trials_takes_numbers_words_and_gaps():
    points = [{"kind": "net", "rate": "0.0001"}, {"kind": "tree", "depth": "3"}, {"kind": "net", "rate": "0.1"}]
    (image,) = embed_panels(training_plots.draw_trials(points, [0.5, 0.7, 0.6], "lstm", "accuracy", True))
    assert image.startswith("data:image/png;base64,")


def test_a_trial_without_a_number_is_not_drawn_as_the_best():
    points = [{"rate": "0.1"}, {"rate": "0.2"}, {"rate": "0.3"}]
    figure = training_plots.draw_trials(points, [0.4, float("nan"), 0.5], "lstm", "log_loss", False)
    drawn = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert len(drawn) == 2
