import pandas as pd
import pytest

from sentiment.monitoring.metrics import requests_over_time
from sentiment.reports.monitoring_plots import describe_duration, draw_distributions, draw_history, draw_requests


def test_the_first_monitoring_is_a_whole_number():
    (axes,) = draw_history({"quality/accuracy": [(0, 0.9)]}, {}).axes
    low, high = axes.get_xlim()
    assert [tick for tick in axes.get_xticks() if low <= tick <= high] == [0]


def test_requests_are_drawn_for_each_interval_with_its_length_and_the_zone_of_the_times():
    at = [minute * 60_000 for minute in (0, 1, 2, 400)]
    latency, number = draw_requests(requests_over_time(pd.DataFrame({"at": at, "latency_ms": 5.0}))).axes
    assert sorted(set(number.lines[0].get_ydata())) == [0, 1, 3]
    assert number.get_ylabel() == "requests per 10 min" and latency.get_xlabel() == number.get_xlabel() == "UTC"


@pytest.mark.parametrize("seconds, said", [(1, "1 s"), (59.94, "59.9 s"), (2160, "36 min"), (15120, "4.2 h")])
def test_a_duration_has_its_largest_unit(seconds, said):
    assert describe_duration(seconds) == said


def test_of_two_metrics_that_are_the_same_one_is_drawn_and_a_limit_is_named():
    points = {name: [(0, 0.9)] for name in ("quality/balanced_accuracy", "quality/recall_macro", "drift/psi.words")}
    quality, drift = draw_history(points, {"drift/psi": 0.2}).axes
    assert [text.get_text() for text in quality.get_legend().get_texts()] == ["balanced_accuracy"]
    assert [text.get_text() for text in drift.get_legend().get_texts()] == ["psi.words", "limit 0.2"]


def test_a_new_champion_is_marked_where_the_figures_change_for_that_reason():
    points = {"quality/accuracy": [(0, 0.9), (1, 0.9), (2, 0.8)], "champion_version": [(0, 1.0), (1, 1.0), (2, 3.0)]}
    (axes,) = draw_history(points, {}).axes
    assert [(text.get_text(), text.get_position()[0]) for text in axes.texts] == [("version 3", 1.5)]


def test_distributions_have_units_no_gaps_and_shortened_names_of_labels():
    names = [f"{number:02} very good value for money but slow delivery" for number in range(20)]
    words = list(range(1, 11)) * 2
    texts = pd.DataFrame({"words": words, "unknown": 0.1, "score": 0.9, "predicted": names})
    lengths, unknown, _, labels = draw_distributions(texts, texts).axes
    assert lengths.get_xlabel() == "words (the largest 1% in the last bar)"
    assert unknown.get_xlabel().startswith("share of a text's words")
    assert {round(bar.get_height(), 6) for bar in lengths.patches[:10]} == {0.1}
    assert [label.get_text() for label in labels.get_yticklabels()][0] == "00 very good value for m…"
    assert labels.get_title() == "predicted labels, the 15 most frequent of 20"
