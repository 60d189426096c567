"""``-e deploy`` to this machine: the endpoint outlives the command, and an update loses no request."""

import http.client
import json
import re
import shlex
import threading

import mlflow
import psutil
import pytest

from sentiment.registry import promotions
from tests.conftest import runs, store
from tests.docs.commands import check_command
from tests.system.processes import free_port, run_here, run_step


def deploy(folder, *arguments):
    process = run_step("deploy", *arguments, cwd=folder)
    assert process.returncode == 0, process.stderr
    return process.stdout


@pytest.fixture
def endpoint(registered_anew):
    """A folder, and the port of its endpoint ``sentiment``, which is ended if the test has left it."""
    yield registered_anew, free_port()
    file = registered_anew / "deployments" / "sentiment" / "endpoint.json"
    if file.exists():
        psutil.Process(json.loads(file.read_text())["pid"]).kill()


def test_an_endpoint_is_created_updated_without_a_gap_tested_and_deleted(endpoint, monkeypatch):
    folder, port = endpoint
    secrets = {"MLFLOW_TRACKING_TOKEN", "PGPASSWORD", "SNOWFLAKE_PASSWORD", "WEBHOOK_SECRET"}
    for name in secrets:
        monkeypatch.setenv(name, "s3cret")
    printed = deploy(folder, f"--port={port}")
    assert (
        f"sentiment version 1 answers 100% of the requests at http://127.0.0.1:{port}/invocations: positive" in printed
    )
    assert f"\ncurl http://127.0.0.1:{port}/invocations -H " in printed
    for command in re.findall("^mlflow run .+", printed, re.M):
        check_command(shlex.split(command))
    assert "-P endpoint=sentiment -P action=delete" in printed
    server = json.loads((folder / "deployments" / "sentiment" / "endpoint.json").read_text())["pid"]
    assert not secrets & set(psutil.Process(server).environ())
    with store(folder) as client:
        first = client.get_model_version("sentiment", "1")
        version = str(mlflow.register_model(first.source, "sentiment", tags=first.tags).version)
    refused = run_step("deploy", "--action=update", f"--version={version}", cwd=folder)
    assert refused.returncode == 1 and refused.stderr.startswith(f"error: version={version}: version 1 of sentiment is")
    moved = run_step("deploy", "--action=update", f"--port={port - 1}", cwd=folder)
    assert moved.returncode == 1 and f"error: port={port - 1}: sentiment listens on {port}, and an " in moved.stderr
    statuses, stop = [], threading.Event()

    def ask():
        while not stop.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("POST", "/invocations", '{"inputs": ["fine"]}', {"Content-Type": "application/json"})
            statuses.append(connection.getresponse().status)
            connection.close()

    asking = threading.Thread(target=ask)
    asking.start()
    before = psutil.Process(json.loads((folder / "deployments/sentiment/endpoint.json").read_text())["pid"])
    deploy(folder, "--action=update", f"--version={version}", "--any_version=true")
    stop.set()
    asking.join()
    assert set(statuses) == {200} and not (before.is_running() and before.status() != psutil.STATUS_ZOMBIE)
    with store(folder) as client:
        tags = client.get_model_version("sentiment", "1").tags, client.get_model_version("sentiment", version).tags
        trail = {
            key: line for key, line in client.get_registered_model("sentiment").tags.items() if "deployment." in key
        }
        assert [entry.version for entry in promotions.read("sentiment")] == ["1"]  # its own trail is another one
    assert "version 1 is gone, by " in tags[0]["deployed.local.sentiment"]
    assert (
        f"version {version} answers 100% of the requests at http://127.0.0.1:{port}/"
        in tags[1]["deployed.local.sentiment"]
    )
    assert len(trail) == 3 and all(
        runs(folder, "deploy")[-1].data.tags["mlflow.user"] in line for line in trail.values()
    )
    assert "local endpoint sentiment answers: positive" in deploy(folder, "--action=test")
    deploy(folder, "--action=delete")
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection("127.0.0.1", port, timeout=5).request("GET", "/ping")
    again = run_step("deploy", "--action=delete", cwd=folder)
    assert again.returncode == 1 and "error: endpoint=sentiment: no endpoint of this name runs from" in again.stderr


@pytest.mark.parametrize(
    "arguments, line",
    [
        (["--action=update"], "endpoint=sentiment: no endpoint of this name runs from "),
        (["--traffic=0.5"], "traffic needs action=update"),
        (["--endpoint=My Endpoint"], "endpoint=My Endpoint: expected lower case letters"),
        (["--version=9"], "version=9: sentiment has no such version or alias at "),
        (["--target=moon"], "target=moon: expected one of local, sagemaker"),
        (["--traffic=2"], "traffic=2: expected a number"),
    ],
)
def test_mistakes_are_one_line(registered, arguments, line):
    process = run_here("deploy", *arguments, cwd=registered)
    assert process.returncode == 1 and process.stderr.startswith(f"error: {line}") and process.stderr.count("\n") == 1
