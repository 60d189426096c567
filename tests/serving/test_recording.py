"""What is recorded of requests, whatever they hold, and what is said of those that are not."""

import io
import json
from types import SimpleNamespace

import mlflow
import pandas as pd
import pytest

from sentiment.serving import recording
from sentiment.serving.recording import Recorder
from sentiment.serving.writer import Writer

ANSWER = pd.DataFrame({"label": ["positive"], "score": [0.9]})


class Pipe(io.BytesIO):
    """The writer's standard input, which can be read after it was closed."""

    def close(self):
        self.lines = [json.loads(line) for line in self.getvalue().splitlines()]
        super().close()


@pytest.fixture
def pipe(monkeypatch):
    """What a recorder writes to, instead of to a process."""
    pipe = Pipe()
    process = SimpleNamespace(stdin=pipe, pid=1, wait=lambda timeout: 0)
    monkeypatch.setattr(recording.subprocess, "Popen", lambda *_, **__: process)
    return pipe


def record(recorder, text, error=None):
    recorder.record(10**18, 10**18 + 10**6, "1", [text], None if error else ANSWER, error)


def test_half_a_surrogate_pair_costs_no_request_its_record(tracked, pipe, monkeypatch):
    monkeypatch.setenv("MLFLOW_ENABLE_ASYNC_TRACE_LOGGING", "false")
    run = tracked.create_run("0").info.run_id
    recorder = Recorder("m", "0", run, with_text=True)
    record(recorder, "a good film")
    record(recorder, "half \ud83d")
    record(recorder, "refused", error="no text: half \ud83d")
    recorder.close()
    writer = Writer("m", "0", run)
    for line in pipe.lines:
        writer.take(**line)
    writer.report()
    assert tracked.get_run(run).data.metrics == {"requests_recorded": 3, "requests_dropped": 0}
    (trace,) = mlflow.search_traces(locations=["0"], return_type="list")
    asked, answered = trace.data.spans[0].inputs, trace.data.spans[0].outputs
    assert [request["texts"] for request in asked] == [["a good film"], ["half \ufffd"], ["refused"]]
    assert [answer["error"] for answer in answered] == [None, None, "no text: half \ufffd"]
