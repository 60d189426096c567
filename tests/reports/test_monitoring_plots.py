from sentiment.reports.monitoring_plots import draw_history


def test_the_first_monitoring_is_a_whole_number():
    (axes,) = draw_history({"quality/accuracy": [(0, 0.9)]}, {}).axes
    low, high = axes.get_xlim()
    assert [tick for tick in axes.get_xticks() if low <= tick <= high] == [0]
