"""What monitor measures of texts and of requests."""

import time

import numpy as np
import pandas as pd
import pytest

from sentiment.monitoring.metrics import request_metrics, requests_over_time, text_metrics

BEGINNING, MINUTE = 1_764_300_000_000, 60_000


def count_requests(*minutes):
    at = [BEGINNING + int(minute * MINUTE) for minute in minutes]
    return requests_over_time(pd.DataFrame({"at": at, "latency_ms": 5.0, "error": None}))


def test_an_outage_is_intervals_without_requests():
    found = count_requests(*range(120), *range(12 * 60, 14 * 60))  # two hours, ten without a request, two hours
    assert (
        len(found) == 40 and found["requests"].sum() == 240 and found["seconds"].iloc[0] == pytest.approx(1260, abs=2)
    )
    assert found["at"].iloc[0] == pd.Timestamp(BEGINNING, unit="ms")
    assert found["at"].diff().dropna().dt.total_seconds().to_numpy() == pytest.approx(found["seconds"].iloc[0])
    assert found["requests"].tolist() == pytest.approx([21] * 5 + [15] + [0] * 28 + [16] + [21] * 5, abs=1)
    outage = found[found["requests"] == 0]
    assert len(outage) == 28 and outage[["p50", "p95"]].isna().all(axis=None)


def test_even_requests_are_drawn_even_from_the_first_interval_to_the_last():
    assert set(count_requests(*np.arange(0, 400, 0.1))["requests"]) == {100}


@pytest.mark.parametrize("seconds, intervals", [(0, 1), (0.5, 1), (5, 5), (3600, 40)])
def test_an_interval_is_no_shorter_than_a_second(seconds, intervals):
    found = count_requests(0, seconds / 60)
    assert len(found) == intervals and found["seconds"].iloc[0] >= 1 and found["requests"].sum() == 2


def test_each_of_two_classes_that_differ_in_signs_alone_has_its_own_figures():
    predicted = ["gut?"] * 3 + ["gut!"]
    batch = pd.DataFrame({"predicted": predicted, "label": ["gut?", "gut?", "gut!", "gut!"]})
    batch = batch.assign(score=0.9, words=3, unknown=0.0)
    found = text_metrics(batch, ["gut!", "gut?"])
    named = ("data/share.gut_", "quality/precision.gut_", "quality/recall.gut_")
    assert [found[name] for name in named] == [0.25, 1, 0.5]
    assert [found[f"{name} 2"] for name in named] == [0.75, 2 / 3, 1]
    alone = text_metrics(batch[:3], ["gut!", "gut?"])
    assert (alone["data/share.gut_"], alone["data/share.gut_ 2"]) == (0, 1)  # also where one does not occur


def test_requests_are_counted_by_the_minute_and_one_in_ten_is_slow():
    at = int(time.time() * 1000) - 10 * MINUTE
    requests = pd.DataFrame({"at": [at] * 100, "latency_ms": [10.0] * 90 + [100.0] * 10, "error": None})
    found = request_metrics(requests)
    assert found["requests/per_minute"] == pytest.approx(10, rel=0.01)
    assert [found[f"requests/latency_ms_p{percent}"] for percent in (50, 95, 99)] == [10, 100, 100]
    assert requests_over_time(requests)[["p50", "p95"]].to_numpy().tolist() == [[10, 100]]
    assert request_metrics(requests[:0]) == {}


def test_percentiles_of_what_the_texts_are():
    batch = pd.DataFrame({"words": range(100), "unknown": 0.5, "score": 0.9, "predicted": "a", "label": None})
    found = text_metrics(batch, ["a", "b"])
    assert [found[f"data/words_{name}"] for name in ("mean", "p5", "p50", "p95")] == [49.5, 4.95, 49.5, 94.05]
    assert found["data/unknown_words_p50"] == 0.5 and "quality/accuracy" not in found
