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


def test_the_texts_that_a_network_reads_as_a_whole_are_left_of_the_line():
    axes = training_plots.draw_lengths(dict.fromkeys(range(1, 25), 10), 22).axes[0]
    line = axes.lines[0].get_xdata()[0]
    assert sum(bar.get_height() for bar in axes.patches if bar.get_x() + bar.get_width() <= line) == 220
    assert {bar.get_height() for bar in axes.patches if 0 < bar.get_x() < 24} == {10}  # no gaps, no saw teeth


def test_whole_hyperparameters_are_written_out_in_a_plot_of_trials():
    figure = training_plots.draw_trials([{"max_terms": "5000"}, {"max_terms": "200000"}], [0.4, 0.5], "a", "b", True)
    assert {"5,000", "200,000"} <= {text.get_text() for text in figure.axes[0].texts}
