import pandas as pd
import pytest

from sentiment.monitoring.metrics import requests_over_time
from sentiment.reports.monitoring_plots import describe_duration, draw_history, draw_requests


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
