"""What is recorded of requests, whatever they hold, and what is said of those that are not."""

import io
import json
import threading
import time
from types import SimpleNamespace

import mlflow
import pandas as pd
import pytest

from sentiment.digests import text_digest
from sentiment.serving import recording, writer
from sentiment.serving.recording import Recorder
from sentiment.serving.writer import Writer

ANSWER = pd.DataFrame({"label": ["positive"], "score": [0.9]})


class Pipe(io.BytesIO):
    """The writer's standard input, which can be read after it was closed. Clear ``reads``, and it is full."""

    def __init__(self):
        super().__init__()
        self.reads, self.is_full = threading.Event(), threading.Event()
        self.reads.set()

    def write(self, data):
        if not self.reads.is_set():
            self.is_full.set()
        self.reads.wait()
        return super().write(data)

    def close(self):
        self.lines = [json.loads(line) for line in self.getvalue().splitlines()]
        super().close()


@pytest.fixture
def pipe(monkeypatch):
    """What a recorder writes to, instead of to a process."""
    pipe = Pipe()
    process = SimpleNamespace(stdin=pipe, pid=1, wait=lambda timeout: 0)
    monkeypatch.setattr(recording, "subprocess", SimpleNamespace(Popen=lambda *_, **__: process, PIPE=None))
    return pipe


def record(recorder, *texts, error=None):
    answer = None if error else pd.concat([ANSWER] * len(texts))
    recorder.record(10**18, 10**18 + 5 * 10**6, "7", list(texts), answer, error)


def test_half_a_surrogate_pair_costs_no_request_its_record(tracked, pipe, monkeypatch):
    monkeypatch.setenv("MLFLOW_ENABLE_ASYNC_TRACE_LOGGING", "false")
    run = tracked.create_run("0").info.run_id
    recorder = Recorder("m", "0", run, with_text=True)
    record(recorder, "a good film")
    record(recorder, "half \ud83d")
    record(recorder, "refused", error="no text: half \ud83d")
    recorder.close()
    written = Writer("m", "0", run)
    for line in pipe.lines:
        written.take(**line)
    written.report()
    assert tracked.get_run(run).data.metrics == {"requests_recorded": 3, "requests_dropped": 0}
    (trace,) = mlflow.search_traces(locations=["0"], return_type="list")
    asked, answered = trace.data.spans[0].inputs, trace.data.spans[0].outputs
    assert [request["texts"] for request in asked] == [["a good film"], ["half \ufffd"], ["refused"]]
    assert [answer["error"] for answer in answered] == [None, None, "no text: half \ufffd"]
    assert {(answer["at"], answer["latency_ms"], answer["version"]) for answer in answered} == {(10**12, 5.0, "7")}
    assert trace.info.tags["sentiment.model"] == "m"


def test_without_texts_no_text_is_kept_of_a_refused_request_either(pipe, monkeypatch):
    monkeypatch.setattr(recording, "LONGEST", 4)  # of texts that are kept
    recorder = Recorder("m", "0", "r", with_text=False)
    record(recorder, "a secret text")
    record(recorder, {"text": "a secret text"}, error="MlflowException: row 1: expected text, got dict: a secret text")
    record(recorder, "a secret text", error="not answered: took longer than 60 s")
    recorder.close()
    (line,) = pipe.lines
    assert "secret" not in json.dumps(line)
    assert line["requests"][0][0] == {"sha256": [text_digest("a secret text")], "words": [3], "count": 1}
    errors = [answer["error"] for _, answer in line["requests"]]
    assert errors == [None, "MlflowException", "not answered: took longer than 60 s"]


def test_what_a_writer_that_is_behind_has_not_taken_at_the_end_is_counted_and_told(pipe, monkeypatch, capsys):
    monkeypatch.setattr(recording, "PAUSE", 0.01)
    monkeypatch.setattr(recording, "CLOSE_TIMEOUT", 0.05)
    pipe.reads.clear()
    recorder = Recorder("m", "0", "r", with_text=True)
    assert pipe.is_full.wait(10)
    for _ in range(3):
        record(recorder, "a good film")
    recorder.close()
    assert "3 requests not recorded" in capsys.readouterr().err
    pipe.reads.set()  # the writer goes on while the server still runs
    recorder._thread.join(10)
    assert pipe.lines[-1] == {"requests": [], "dropped": 3}


def test_requests_that_wait_and_what_is_kept_of_each_are_limited(pipe, monkeypatch):
    for name, limit in (("WAITING", 2), ("WAITING_CHARACTERS", 10), ("TEXTS", 2), ("LONGEST", 4)):
        monkeypatch.setattr(recording, name, limit)
    recorder = Recorder("m", "0", "r", with_text=True)
    record(recorder, "abcdef", "b", "c")  # 5 characters are kept
    record(recorder, "abcd", "efgh")  # 8 more are too many
    record(recorder, "x")
    record(recorder, "y")  # a third request is one too many
    recorder.close()
    (line,) = pipe.lines
    (long, answer), (short, _) = line["requests"]
    assert (long["texts"], long["count"], short["texts"]) == (["abcd", "b"], 3, ["x"])
    assert len(answer["labels"]) == len(answer["scores"]) == 2 and line["dropped"] == 2


def test_requests_that_were_handed_over_leave_room_for_others(pipe, monkeypatch):
    monkeypatch.setattr(recording, "PAUSE", 0.01)
    monkeypatch.setattr(recording, "WAITING_CHARACTERS", 10)
    recorder = Recorder("m", "0", "r", with_text=True)
    for text in ("the film", "the book"):
        record(recorder, text)
        deadline = time.time() + 5
        while text.encode() not in pipe.getvalue() and time.time() < deadline:
            time.sleep(0.01)
    recorder.close()
    assert pipe.lines[-1]["dropped"] == 0 and sum(len(line["requests"]) for line in pipe.lines) == 2


def test_a_server_that_ends_within_a_line_costs_only_that_line(tracked, monkeypatch, capsys):
    monkeypatch.setenv("MLFLOW_ENABLE_ASYNC_TRACE_LOGGING", "false")
    monkeypatch.delattr(writer.os, "nice")
    run = tracked.create_run("0").info.run_id
    monkeypatch.setattr(writer.sys, "stdin", io.StringIO('{"requests": [], "dropped": 2}\n{"requests": [[{"te'))
    writer.main("m", "0", run)
    assert tracked.get_run(run).data.metrics == {"requests_recorded": 0, "requests_dropped": 2}
    assert "before its last requests were recorded" in capsys.readouterr().err


def test_requests_that_the_store_did_not_keep_are_counted_as_dropped_and_later_ones_are_tried(
    tracked, monkeypatch, capsys
):
    monkeypatch.setenv("MLFLOW_ENABLE_ASYNC_TRACE_LOGGING", "false")
    run = tracked.create_run("0").info.run_id
    said = {"at": 10**12, "latency_ms": 1.0, "version": "1", "labels": ["pos"], "scores": [0.9], "error": None}
    request, written = ({"texts": ["a film"], "words": [2], "count": 1}, said), Writer("m", "0", run)
    with monkeypatch.context() as failing:
        failing.setattr(mlflow, "get_trace", lambda _: None)  # MLflow logs what fails, and raises nothing
        for _ in range(2):
            written.take([request] * 2, dropped=1)
    written.take([request], dropped=3)
    written.report()
    assert tracked.get_run(run).data.metrics == {"requests_recorded": 1, "requests_dropped": 7}
    assert capsys.readouterr().err.count("requests are not recorded: the trace is not in the store") == 1
    monkeypatch.setattr(mlflow, "get_trace", lambda _: None)
    written.take([request], dropped=3)
    assert "requests are not recorded: the trace is not in the store" in capsys.readouterr().err


def test_an_outage_that_the_counts_have_met_first_is_reported_with_the_first_lost_request(tracked, monkeypatch, capsys):
    def fail(_):
        raise ConnectionError("the server is gone")

    written = Writer("m", "0", tracked.create_run("0").info.run_id)
    monkeypatch.setattr(writer, "check_tracking_server", fail)
    written.report()
    written.take([({}, {})], dropped=0)
    assert "requests are not recorded: the server is gone" in capsys.readouterr().err
