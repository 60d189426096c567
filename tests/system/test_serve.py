"""``-e serve``: a real server on the champion, recording, and a new champion while requests come in."""

import http.client
import json
import random
import re
import signal
import socket
import subprocess
import threading
import time
from contextlib import contextmanager

import mlflow
import pytest

from sentiment.registry import promotions
from tests.conftest import PROJECT, runs, store
from tests.serving.malformed import malformed
from tests.system.processes import (
    NAIVE_BAYES,
    environment,
    forking_environment,
    free_port,
    run_step,
    run_steps,
    tracking_server,
    wait_for,
    write_modules,
)

CURL = re.compile(r"curl (\S+)/invocations .* -d '(.*)'")


@contextmanager
def serving(folder, *arguments, within=forking_environment, **more):
    """A server: (its port, what it has printed, its process)."""
    port = free_port()
    flags = ["-P"] if within is environment else []  # as `mlflow run` starts it: not from the user's folder
    command = ["python", *flags, "-m", "steps", "serve", f"--port={port}", *arguments]
    env = within(PYTHONPATH=str(PROJECT), **more)
    process = subprocess.Popen(
        command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    said = []
    ready = threading.Event()

    def listen():
        for line in process.stdout:
            said.append(line)
            if line.startswith("curl "):
                ready.set()
        ready.set()

    threading.Thread(target=listen, daemon=True).start()
    assert ready.wait(120) and process.poll() is None, "".join(said)
    try:
        yield port, said, process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def post(port, body, content_type="application/json", connection=None):
    """Status and answer of a request."""
    asked = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    data = body if isinstance(body, bytes) else json.dumps(body).encode("utf-8")
    asked.request("POST", "/invocations", data, {} if content_type is None else {"Content-Type": content_type})
    answer = asked.getresponse()
    return answer.status, answer.read().decode("utf-8")


def traces(uri):
    """Inputs and outputs of all requests that were recorded."""
    found = mlflow.MlflowClient(uri).search_traces(locations=["0"], max_results=500)
    return [pair for trace in found for pair in zip(trace.data.spans[0].inputs, trace.data.spans[0].outputs)]


def described(uri):
    """What the traces say of themselves: their durations in ms, and the attributes of their spans."""
    found = mlflow.MlflowClient(uri).search_traces(locations=["0"], max_results=500)
    return [(trace.info.execution_duration, trace.data.spans[0].attributes) for trace in found]


def uri_of(folder):
    return f"sqlite:///{folder}/mlflow.db"


def test_the_curl_that_it_prints_works_and_requests_are_recorded_with_what_was_answered(registered):
    begun, imported = time.time(), write_modules(registered)
    with serving(registered, "--record=true", within=environment) as (port, said, process):  # as a user starts it
        (url, body) = CURL.search("".join(said)).groups()
        assert url == f"http://127.0.0.1:{port}"
        status, answer = post(port, body.encode())
        assert status == 200
        (first,) = json.loads(answer)["predictions"]
        assert post(port, {"inputs": ["fine", "awful"]})[0] == 200
        status, answer = post(port, {"inputs": ["fine"], "params": {"probabilities": True}})
        (asked,) = json.loads(answer)["predictions"]
        assert asked["probability_negative"] + asked["probability_positive"] == pytest.approx(1)
        assert asked[f"probability_{asked['label']}"] == asked["score"]
        assert post(port, {"dataframe_split": {"columns": ["review"], "data": [["a"]]}})[0] == 400
        process.send_signal(signal.SIGINT)
        process.wait(60)
    assert "Traceback" not in "".join(said) and "serve was stopped." in "".join(said) and not imported.exists()
    with socket.socket() as again:  # nobody listens any more
        assert again.connect_ex(("127.0.0.1", port)) != 0
    wait_for(lambda: len(traces(uri_of(registered))) == 4)  # on a busy machine what writes them ends after the server
    recorded = sorted(traces(uri_of(registered)), key=lambda pair: pair[1]["at"])
    assert [given["texts"] for given, _ in recorded[:2]] == [["A gem. I laughed all the way home."], ["fine", "awful"]]
    assert recorded[0][1]["labels"] == [first["label"]] and recorded[0][1]["scores"] == [first["score"]]
    assert recorded[0][1]["version"] == "1" and recorded[0][1]["latency_ms"] > 0 and recorded[0][0]["words"] == [8]
    assert "one column named text" in recorded[3][1]["error"] and recorded[3][1]["labels"] == []
    for duration, attributes in described(uri_of(registered)):  # of a single request it is its latency
        assert attributes["latency_ms_max"] - 1 <= duration < 1000 * (time.time() - begun), attributes
        assert attributes["requests"] > 1 or duration == pytest.approx(attributes["latency_ms_max"], abs=1)
    assert sum(attributes["requests"] for _, attributes in described(uri_of(registered))) == len(recorded)
    counts = {"requests_recorded": 4, "requests_dropped": 0}
    wait_for(lambda: runs(registered, "serve")[0].data.metrics == counts)


def test_a_text_can_be_kept_as_its_digest_and_length_alone(registered, tmp_path):
    with serving(registered, "--record=true", "--record_text=false") as (port, _, _):
        before = len(traces(uri_of(registered)))
        assert post(port, {"inputs": ["a secret text"]})[0] == 200
        assert post(port, {"inputs": [{"text": "a secret text", "id": 7}]})[0] == 400
        wait_for(lambda: len(traces(uri_of(registered))) > before + 1, 30)
    recorded = [(given, answer) for given, answer in traces(uri_of(registered)) if "sha256" in given]
    (given,) = [given for given, answer in recorded if answer["error"] is None]
    assert given["words"] == [3] and len(given["sha256"][0]) == 64
    assert len(recorded) == 2 and "secret" not in json.dumps(recorded)


def test_a_new_champion_takes_over_without_losing_a_request(registered):
    (registered / "other.yaml").write_text(f"{NAIVE_BAYES}weighting: counts\n")  # so that it is another model
    run_steps(
        registered,
        ["tune", "--max_evals=1", "--space=other.yaml"],
        ["compare"],
        ["register", "--registered_model=second"],
    )
    with store(registered) as client:
        source = client.get_model_version("second", "1")
        version = str(mlflow.register_model(source.source, "sentiment", tags=source.tags).version)
        expected = {
            one: mlflow.pyfunc.load_model(f"models:/sentiment/{one}").predict(["a fine film"])["score"].iloc[0]
            for one in ("1", version)
        }
    assert expected["1"] != expected[version]
    answers, stop = [], threading.Event()

    def ask(port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while not stop.is_set():
            answers.append(post(port, {"inputs": ["a fine film"]}, connection=connection))

    with serving(registered, "--reload_seconds=1") as (port, said, _):
        clients = [threading.Thread(target=ask, args=(port,)) for _ in range(4)]
        for client in clients:
            client.start()
        wait_for(lambda: len(answers) > 40)
        with store(registered):
            assert promotions.promote("sentiment", version, "1", "newer")
        wait_for(lambda: f"serve: version {version} is now served\n" in said, 60, lambda: "".join(said))
        before = len(answers)
        wait_for(lambda: len(answers) > before + 40)
        stop.set()
        for client in clients:
            client.join()
        with store(registered):
            promotions.promote("sentiment", "1", version, "back", rollback=True)
    assert {status for status, _ in answers} == {200}
    scores = [json.loads(answer)["predictions"][0]["score"] for _, answer in answers]
    assert scores[0] == pytest.approx(expected["1"]) and scores[-1] == pytest.approx(expected[version])
    assert all(score in (pytest.approx(expected["1"]), pytest.approx(expected[version])) for score in scores)


def metrics_of_serve(url):
    (run,) = mlflow.MlflowClient(url).search_runs(["0"], "tags.`mlflow.project.entryPoint` = 'serve'")
    return run.data.metrics


def test_requests_are_answered_and_dropped_ones_counted_while_the_tracking_server_is_down(registered_anew, tmp_path):
    port = free_port()
    with tracking_server(registered_anew, port) as url:
        server = serving(tmp_path, "--record=true", "--reload_seconds=1", MLFLOW_TRACKING_URI=url)
        served, said, _ = server.__enter__()
        assert post(served, {"inputs": ["before"]})[0] == 200
        wait_for(lambda: traces(url), 30)
    try:
        for number in range(50):
            assert post(served, {"inputs": [f"during {number}"]})[0] == 200
            time.sleep(0.1)
        with tracking_server(registered_anew, port):
            # The last ones may still be on their way when the tracking server is back.
            wait_for(lambda: sum(counted(url)) >= 51 and counted(url)[1] > 40, 60, lambda: metrics_of_serve(url))
            assert post(served, {"inputs": ["after"]})[0] == 200
            wait_for(lambda: "after" in [text for given, _ in traces(url) for text in given["texts"]], 30)
            server.__exit__(None, None, None)
    finally:
        server.__exit__(None, None, None)
    assert "Traceback" not in "".join(said)


def counted(url):
    """The requests that were recorded, and those that were dropped."""
    found = metrics_of_serve(url)
    return [found.get(f"requests_{what}", 0) for what in ("recorded", "dropped")]


def test_malformed_requests_get_no_5xx_and_the_server_lives_on(registered):
    chance = random.Random(0)
    with serving(registered, "--record=true") as (port, said, _):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for _ in range(100):
            body, kind = malformed(chance)
            status, answer = post(port, body, kind, connection)
            assert status < 500, (status, body[:200], kind, answer)
        assert post(port, {"inputs": ["fine"]}, connection=connection)[0] == 200


def test_mistakes_are_one_line(registered, tmp_path):
    process = run_step("serve", cwd=tmp_path)
    assert process.returncode == 1 and "sentiment has no champion" in process.stderr
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = run_step("serve", f"--port={taken.getsockname()[1]}", cwd=registered)
    assert process.returncode == 1 and "nothing can listen there" in process.stderr
    assert "Traceback" not in process.stderr
