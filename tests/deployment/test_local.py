"""Endpoints of this machine whose servers have died, and the trail of endpoints; test_deploy.py runs servers."""

import json
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import mlflow
import psutil
import pytest

from sentiment.deployment import local
from sentiment.errors import UserError
from sentiment.registry import deployments
from sentiment.workflow.command_line import parse
from steps.deploy import deploy


def test_an_endpoint_whose_server_has_died_is_deleted_and_told_to_be_gone_of_the_model_that_had_it(
    tracked, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    state = {"pid": os.getpid(), "port": 5001, "version": "1"}  # another process has got its id
    (tmp_path / "deployments" / "shop").mkdir(parents=True)
    (tmp_path / "deployments" / "shop" / "endpoint.json").write_text(json.dumps(state))
    for name in ("mood", "other"):
        tracked.create_registered_model(name)
        tracked.create_model_version(name, "file:///nowhere")
    with mlflow.start_run():
        place = f"{tmp_path / 'deployments'} of {socket.gethostname()}"
        deployments.record(
            [("mood", "1")], "local", "shop", place, " answers 100% of the requests at http://127.0.0.1:5001/"
        )
        deployments.record([("other", "1")], "local", "another", place, " answers 100% of the requests")
        assert deployments.list_deployed("local", "shop", place) == [("mood", "1")]
        deploy(parse("deploy", ["--action=delete", "--endpoint=shop"]), lambda: None)
    assert not (tmp_path / "deployments" / "shop").exists()
    assert "version 1 is gone" in tracked.get_model_version("mood", "1").tags["deployed.local.shop"]
    assert set(tracked.get_model_version("other", "1").tags) == {"deployed.local.another"}


@pytest.mark.parametrize("model", ["version-1-17", "version-1-18", None])
def test_a_server_is_known_by_its_model_whatever_the_clock_says(tmp_path, monkeypatch, model):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "deployments" / "shop"
    (folder / "version-1-17").mkdir(parents=True)
    (folder / "endpoint.json").write_text(json.dumps({"pid": os.getpid(), "port": 5001, "version": "1"}))
    ended = []

    class Process:
        def __init__(self, _):
            pass

        def environ(self):
            return {}  # as of some processes on macOS

        def cmdline(self):
            return ["python", "-m", "sentiment.deployment.server", f"/before/it/was/moved/{model}"] if model else []

        def send_signal(self, _):
            pass

        def create_time(self):
            return time.time()  # another one whenever the clock is set

        def terminate(self):
            ended.append(True)

        def wait(self, _):
            pass

    monkeypatch.setattr(psutil, "Process", Process)
    local.Local(5001, lambda: None).delete("shop")
    assert ended == [True] * (model == "version-1-17") and not folder.exists()


@pytest.mark.parametrize("denied", ["cmdline", "send_signal"])
def test_the_endpoint_of_another_user_is_not_told_to_be_deleted(denied, tmp_path, monkeypatch):
    def deny(*_):
        raise psutil.AccessDenied

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        psutil.Process, "cmdline", lambda _: ["python", "-m", "sentiment.deployment.server", "/old/version-1-17"]
    )
    monkeypatch.setattr(psutil.Process, denied, deny)
    state = tmp_path / "deployments" / "shop" / "endpoint.json"
    (state.parent / "version-1-17").mkdir(parents=True)
    state.write_text(json.dumps({"pid": os.getpid(), "port": 5001, "version": "1"}))
    with pytest.raises(UserError, match=f"endpoint=shop: process {os.getpid()} is another user's: run the command as"):
        local.Local(5001, lambda: None).delete("shop")
    assert state.exists()


def test_whoever_changes_an_endpoint_waits_for_who_does_so_already(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    inside, together = [], []

    class Slow(local.Local):
        def _find(self, endpoint):
            inside.append(endpoint)
            return {"port": 5001}, None

        def _start(self, *_):
            together.append(len(inside))
            time.sleep(0.2)
            return "http://127.0.0.1:5001/invocations"

        def _end(self, _):
            inside.clear()

    with ThreadPoolExecutor() as pool:
        for version in ("2", "3"):
            pool.submit(Slow(5001, lambda: None).update, "shop", f"models:/m/{version}", version, 1.0)
    assert together == [1, 1]


def test_a_disk_without_locks_is_told_in_one_line(tmp_path, monkeypatch, no_locks):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="deployments cannot be locked .*: run deploy on a disk"):
        local.Local(5001, lambda: None).delete("shop")


def test_of_two_endpoints_that_are_created_at_once_one_gets_the_port(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    started = []

    def listen(port):  # as the server does
        listener = socket.socket()
        for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            listener.setsockopt(socket.SOL_SOCKET, option, 1)
        listener.bind((local.ADDRESS, port))
        listener.listen()
        return listener

    class Starting(local.Local):
        def _start(self, endpoint, uri, version, port):
            started.append(endpoint)
            if endpoint == "first":
                with pytest.raises(UserError, match=rf"port={port}: nothing can listen there \(.*in use\): give"):
                    self.create("second", uri, version)
            listen(port).close()
            return f"http://{local.ADDRESS}:{port}/invocations"

    with listen(0) as listener:
        port = listener.getsockname()[1]
    target = Starting(port, lambda: None)
    target.create("first", "models:/m/1", "1")
    assert started == ["first"]
    target.create("third", "models:/m/1", "1")  # nothing is left of the reservation


def test_a_server_that_has_ended_meanwhile_is_ended():
    asked = []

    class Ended:
        def terminate(self):
            asked.append("to terminate")
            raise psutil.NoSuchProcess(1)

        def wait(self, _):
            asked.append("to be waited for")

    local.Local(5001, lambda: None)._end(Ended())
    assert asked == ["to terminate"]


def test_a_server_that_ends_while_it_is_looked_at_is_told_with_its_last_words(tmp_path):
    class Ended:
        ended = None

        def poll(self):
            return self.ended

        def net_connections(self, _):
            self.ended = 1
            raise psutil.ZombieProcess(1)

    (tmp_path / "server.log").write_text("out of memory")
    with pytest.raises(UserError, match="the server does not start; the end of .*server.log: out of memory"):
        local.Local(5001, lambda: None)._wait(server := Ended(), server, tmp_path / "server.log")
