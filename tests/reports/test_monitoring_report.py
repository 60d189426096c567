"""What monitoring says at its end: an alert, none, or that there was too little to give one."""

import html
from types import SimpleNamespace

import pandas as pd
import pytest
from matplotlib.figure import Figure

from sentiment.monitoring.drift import describe_accuracy_drop, find_drifts, find_untested
from sentiment.monitoring.metrics import text_metrics
from sentiment.reports.monitoring_report import describe, render_report

VERSION = SimpleNamespace(name="m", version="1")
FIGURES = {"distributions": Figure()}
MONITORING = SimpleNamespace(info=SimpleNamespace(run_id="0", experiment_id="0"))


def texts(count, labelled):
    frame = pd.DataFrame({"words": [5.0] * count, "unknown": 0.0, "score": 0.9, "predicted": "pos"})
    return frame.assign(label=["pos"] * labelled + [None] * (count - labelled))


@pytest.mark.parametrize(
    "reference, observed, expected",
    [
        ((400, 400), (100, 0), "no alert"),
        ((400, 400), (100, 29), "accuracy not tested: 29 labels, fewer than 30; no alert"),
        (
            (400, 0),
            (100, 50),
            "accuracy not tested: people have labelled no text of the champion's test split; no alert",
        ),
        ((25, 25), (100, 50), "no drift test: the champion's test split has 25 texts, fewer than 30; no alert"),
        ((400, 400), (20, 0), "no drift test: 20 texts, fewer than 30; nothing was tested"),
        (
            (25, 25),
            (100, 29),
            "no drift test: the champion's test split has 25 texts, fewer than 30; accuracy not tested: 29 labels, "
            "fewer than 30; nothing was tested",
        ),
    ],
)
def test_what_was_not_tested_is_said_beside_that_there_is_no_alert(reference, observed, expected):
    before, now = texts(*reference), texts(*observed)
    untested, metrics = find_untested(before, now), text_metrics(now, ["neg", "pos"])
    said = describe(VERSION, "a batch", untested, metrics, alert="")
    accuracy = f"accuracy 1.0000 on {observed[1]} labelled texts; " if observed[1] else ""
    assert said == f"m version 1 on a batch; {accuracy}{expected}"
    # It says so where the tests themselves do nothing.
    assert ("drift" in untested) == (find_drifts(before, now, 0.2, 0.01) == [])
    wrong = now.assign(predicted="neg")
    if observed[1]:
        assert ("accuracy" in untested) == (describe_accuracy_drop(before, wrong, 0.05, 0.01) is None)
    page = render_report(VERSION, "a batch", "", metrics, [], untested, now.assign(text="a"), FIGURES, MONITORING)
    page = html.unescape(page)
    assert all(why in page for why in untested.values()) and f">{expected.rpartition('; ')[2]}<" in page
