"""What monitoring says at its end: an alert, none, or that there was too little to give one."""

import html
import re
from types import MappingProxyType, SimpleNamespace

import pandas as pd
import pytest
from matplotlib.figure import Figure

from sentiment.monitoring.drift import Drift, describe_accuracy_drop, find_drifts, find_untested
from sentiment.monitoring.metrics import text_metrics
from sentiment.reports.monitoring_report import describe, render_report

VERSION = SimpleNamespace(name="m", version="1")
FIGURES = {"distributions": Figure()}
MONITORING = SimpleNamespace(info=SimpleNamespace(run_id="0", experiment_id="0"))


def texts(count, labelled):
    frame = pd.DataFrame({"words": [5.0] * count, "unknown": 0.0, "score": 0.9, "predicted": "pos"})
    return frame.assign(label=["pos"] * labelled + [None] * (count - labelled))


def render(before, now, metrics, drifts=(), untested=MappingProxyType({})):
    """The report without its markup's escapes; limits are 0.2 and 0.01."""
    page = render_report(
        VERSION, "a batch", "", metrics, drifts, untested, now, FIGURES, MONITORING, before, psi_limit=0.2, p_limit=0.01
    )
    return html.unescape(page)


@pytest.mark.parametrize(
    "reference, observed, expected",
    [
        ((400, 400), (100, 0), "no alert"),
        ((400, 400), (100, 29), "accuracy not tested: 29 labels of scored texts, fewer than 30; no alert"),
        (
            (400, 0),
            (100, 50),
            "accuracy not tested: the champion's test split has no human labels; no alert",
        ),
        ((25, 25), (100, 50), "no drift test: the champion's test split has 25 texts, fewer than 30; no alert"),
        ((400, 400), (20, 0), "no drift test: 20 texts, fewer than 30; nothing was tested"),
        (
            (25, 25),
            (100, 29),
            "no drift test: the champion's test split has 25 texts, fewer than 30; accuracy not tested: 29 labels of "
            "scored texts, fewer than 30; nothing was tested",
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
    page = render(before, now.assign(text="a"), metrics, untested=untested)
    assert all(why in page for why in untested.values()) and f">{expected.rpartition('; ')[2]}<" in page


def test_counts_are_whole_numbers_and_shares_have_three_decimals():
    metrics = {"data/documents": 13_000.0, "data/share.pos": 0.25, "data/words_mean": 1234.5678}
    page = render(texts(40, 0), texts(40, 0), metrics)
    cells = re.findall(r'<td>(data/[^<]*)</td><td class="n">([^<]*)</td>', page)
    assert cells == [("data/documents", "13,000"), ("data/share.pos", "0.250"), ("data/words_mean", "1,234.568")]
    assert "<dt>Texts</dt><dd>13,000</dd>" in page


def test_it_says_by_which_limits_a_quantity_has_or_has_not_drifted():
    drifts = [
        Drift("words", 0.5, 1e-9, True),
        Drift("unknown", 0.5, 0.2, False),
        Drift("score", 0.12, 1.9e-8, False),
        Drift("predicted", 0.01, 0.9, False),
    ]
    page = render(texts(400, 400), texts(40, 0), {"data/documents": 40.0}, drifts)
    assert "PSI (limit 0.2)" in page and "p, Holm (limit 0.01)" in page and "within limits" not in page
    words = ("drifted", "may be chance", "shift too small for an alert", "no drift")
    assert re.findall(r'<td class="(?:bad)?">([^<]*)</td></tr>', page) == list(words)


def test_the_accuracy_stands_beside_that_of_the_test_split_where_people_have_labelled_it():
    now = texts(40, 40)
    metrics = text_metrics(now, ["neg", "pos"])
    before = texts(400, 200)
    before.loc[:49, "predicted"] = "neg"
    assert "on 40 labelled texts, 0.750 on the champion's test split" in render(before, now.assign(text="a"), metrics)
    assert "on the champion's test split" not in render(texts(400, 0), now.assign(text="a"), metrics)


def test_a_class_in_arabic_leaves_the_score_beside_it_where_it_is():
    now = texts(40, 40).assign(predicted="ممتاز جدا", text="a")
    page = render(texts(40, 0), now, {"data/documents": 40.0})
    assert '<b class="bad"><bdi>ممتاز جدا</bdi></b> 0.90, labelled <b class="good"><bdi>pos</bdi></b>' in page


def test_a_text_that_the_champion_fails_on_is_no_mistake():
    now = texts(2, 2).assign(text=["called neg", "not scored"], predicted=["neg", None])
    page = render(texts(40, 0), now, text_metrics(now, ["neg", "pos"]))
    assert "called neg" in page and "not scored" not in page
