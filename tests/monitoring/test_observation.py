"""What recorded requests say of a champion: which texts and which failures are its own."""

import os
import re
import time
from types import SimpleNamespace

import mlflow
import pandas as pd
import pytest
from mlflow import MlflowClient

from sentiment.artifacts import artifacts
from sentiment.corpora.corpus import Corpus
from sentiment.digests import text_digest
from sentiment.monitoring import observation
from sentiment.monitoring.metrics import request_metrics
from sentiment.monitoring.observation import observe_batch, observe_requests
from sentiment.monitoring.reference import Champion
from sentiment.serving.recording import LONGEST

NOW = int(time.time() * 1000)


@pytest.fixture
def champion(tracked, tmp_path):
    """Version 2, made a minute ago from three texts."""
    for split, text in (("train", "Great film!"), ("validation", "Dreadful."), ("test", "So so")):
        pd.DataFrame({"text": [text]}).to_parquet(tmp_path / f"{split}.parquet")
    champion = Champion(SimpleNamespace(name="m", version="2", creation_timestamp=NOW - 60_000, tags={}))
    features = SimpleNamespace(vocabulary=SimpleNamespace(words=[]), network_tokens=lambda texts: [[] for _ in texts])
    vars(champion).update(dataset=tmp_path, features=features)  # what it would read of its runs
    return champion


class Page(list):
    token = None


@pytest.fixture
def record(monkeypatch):
    """Has requests recorded as ``serve`` does; each is what was kept of its texts, and what its answer has besides."""

    def record(*requests):
        inputs, outputs = [], []
        for kept, answer in requests:
            count = max(map(len, kept.values()), default=0)
            inputs.append({"count": count, "words": [1] * count} | kept)
            said = {"labels": ["pos"] * count, "scores": [0.9] * count, "error": None}
            outputs.append({"at": NOW - 1000, "latency_ms": 1.0, "version": "2"} | said | answer)
        span = SimpleNamespace(inputs=inputs, outputs=outputs)
        trace = SimpleNamespace(info=SimpleNamespace(trace_id="tr-1"), data=SimpleNamespace(spans=[span]))
        monkeypatch.setattr(MlflowClient, "search_traces", lambda *_, **__: Page([trace]))

    return record


@pytest.mark.parametrize("as_kept", [lambda text: {"texts": [text]}, lambda text: {"sha256": [text_digest(text)]}])
def test_training_texts_are_left_out_of_recorded_requests_also_where_a_digest_was_kept(champion, record, as_kept):
    record(*((as_kept(text), {}) for text in ("Great film!", "Dreadful.", "So so", "Another")))
    found = observe_requests(champion, "0", hours=1)
    assert len(found.texts) == 2 and len(found.requests) == 4
    assert "2 texts (without 2 on which the champion was trained)" in found.source


def test_a_long_training_text_is_recognized_although_it_was_recorded_cut(champion, record, tmp_path):
    long = "really good film " * 1000
    pd.DataFrame({"text": [long]}).to_parquet(tmp_path / "train.parquet")
    record(*(({"texts": [text[:LONGEST]]}, {}) for text in (long, f"Not a {long}", "really good")))
    found = observe_requests(champion, "0", hours=1)
    assert found.texts["text"].str[:12].tolist() == ["Not a really", "really good"]


def test_failures_and_texts_of_another_version_or_of_a_deleted_one_of_this_number_are_not_the_champions(
    champion, record
):
    failed = {"error": "ValueError: it cannot", "labels": [], "scores": []}
    record(
        ({"texts": ["asked"]}, {}),
        *[({"texts": ["asked"]}, {"version": "3"} | failed)] * 9,
        ({"texts": ["asked of the deleted one"]}, {"at": NOW - 120_000}),
    )
    found = observe_requests(champion, "0", hours=1)
    assert request_metrics(found.requests)["requests/error_rate"] == 0
    assert found.texts["text"].tolist() == ["asked"]
    assert found.source == "1 requests of the last 1 hours (10 for other versions left out), 1 texts"


def test_a_monitoring_of_a_batch_says_how_many_texts_the_champion_fails_on(champion, tmp_path):
    (tmp_path / "batch.csv").write_text("text\ngood\nbad\nother\n")
    vars(champion)["scorer"] = SimpleNamespace(score=lambda texts: [["pos", None, "neg"], [0.9, None, 0.8], None])
    champion.features.classes = ["neg", "pos"]
    found = observe_batch(champion, Corpus(str(tmp_path / "batch.csv"), parameter="batch", label_required=False))
    assert found.source.endswith("batch.csv (1 on which the champion fails)") and found.source.startswith("3 texts of ")


def test_requests_of_all_traces_are_read_in_the_order_in_which_they_came_and_none_before_the_time_asked_for(
    champion, monkeypatch
):
    """Of more traces than a page holds, the latest first, as MLflow gives them."""
    asked = []

    def search(_, filter_string, page_token, **__):
        asked.append(filter_string)
        at = NOW - 1000 * (1 if page_token is None else 2)
        spans = [
            SimpleNamespace(
                inputs=[{"texts": [f"asked at {at}"], "words": [3]}],
                outputs=[
                    {"at": at, "latency_ms": 1.0, "version": "2", "error": None, "labels": ["pos"], "scores": [0.9]}
                ],
            )
        ]
        page = Page([SimpleNamespace(info=SimpleNamespace(trace_id=f"tr-{at}"), data=SimpleNamespace(spans=spans))])
        page.token = "more" if page_token is None else None
        return page

    monkeypatch.setattr(MlflowClient, "search_traces", search)
    earliest = time.time() * 1000 - 7_200_000
    found = observe_requests(champion, "0", hours=2)
    assert found.requests["at"].tolist() == [NOW - 2000, NOW - 1000] and len(found.texts) == 2
    model, since = re.fullmatch(r"tags.`sentiment.model` = '(.*)' AND timestamp_ms >= (\d+)", asked[0]).groups()
    assert model == "m" and earliest - 1 <= int(since) <= time.time() * 1000 - 7_200_000


def test_requests_that_are_recorded_while_the_others_are_read_have_none_counted_twice(champion, tracked, monkeypatch):
    def record(number):
        at = NOW - 1000 + number
        answer = {"at": at, "latency_ms": 1.0, "version": "2", "error": None, "labels": ["pos"], "scores": [0.9]}
        span = mlflow.start_span_no_context(
            "1 request",
            inputs=[{"texts": [f"text {number}"], "words": [2]}],
            tags={"sentiment.model": "m"},
            experiment_id="0",
            start_time_ns=at * 1_000_000,
        )
        span.end(outputs=[answer], end_time_ns=(at + 1) * 1_000_000)

    monkeypatch.setenv("MLFLOW_ENABLE_ASYNC_TRACE_LOGGING", "false")
    monkeypatch.setattr(observation, "TRACES_PER_PAGE", 2)
    for number in range(4):
        record(number)
    search = MlflowClient.search_traces

    def search_while_one_is_recorded(*given, page_token, **named):
        page = search(*given, page_token=page_token, **named)
        if page_token is None:
            record(4)
        return page

    monkeypatch.setattr(MlflowClient, "search_traces", search_while_one_is_recorded)
    found = observe_requests(champion, "0", hours=1)
    assert found.texts["text"].tolist() == ["text 3", "text 2", "text 1", "text 0"] and len(found.requests) == 4


def test_unknown_words_are_measured_of_the_texts_that_were_recorded_and_of_no_digest(champion, record):
    champion.features.vocabulary.words = ["good"]
    champion.features.network_tokens = lambda texts: [text.split() for text in texts]
    record(({"sha256": [text_digest("x")]}, {}), ({"texts": ["good film", "good", " "]}, {}))
    assert observe_requests(champion, "0", hours=1).texts["unknown"].fillna(-1).tolist() == [-1, 0.5, 0.0, -1]


def test_the_reference_is_the_test_split_with_the_labels_of_people_and_is_made_once_for_each_model(
    champion, tracked, tmp_path
):
    """A model that was deleted and registered anew has a version of the same number."""
    test = pd.DataFrame(
        {"text": ["good", "bad", "so so"], "label": "pos", "labelled_by": ["human", "vader", "corrected"]}
    )
    test.to_parquet(tmp_path / "test.parquet")
    run, scored = tracked.create_run("0").info.run_id, []

    def score(texts):
        scored.append(champion.version.source)
        return [["pos"] * len(texts), [0.9] * len(texts), None]

    vars(champion)["scorer"] = SimpleNamespace(score=score)
    for source in ("models:/m-1", "models:/m-1", "models:/m-2"):
        champion.version.source = source
        found = champion.get_reference(run)
        assert found["words"].tolist() == [1, 1, 2] and found["label"].isna().tolist() == [False, True, True]
    assert scored == ["models:/m-1", "models:/m-2"]
    half_written = artifacts(run, "reference") / f"version_2_{text_digest('models:/m-2')[:8]}_2.parquet"
    for length in (half_written.stat().st_size // 2, 0):
        os.truncate(half_written, length)
        assert len(champion.get_reference(run)) == len(champion.get_reference(run)) == 3
    assert scored == ["models:/m-1", "models:/m-2", "models:/m-2", "models:/m-2"]
