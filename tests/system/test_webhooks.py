"""A promotion on a tracking server starts a command elsewhere, and nothing else does."""

import base64
import hashlib
import hmac
import json
import runpy
import subprocess
import sys
import time
from contextlib import contextmanager

import mlflow
import pytest
import requests
from cryptography.fernet import Fernet

from sentiment.registry import promotions
from tests.conftest import PROJECT
from tests.system.processes import environment, free_port, tracking_server, wait_for, wait_until

WEBHOOKS = PROJECT / "examples" / "webhooks"
SECRET = "s3cret of the webhook, long enough"


@contextmanager
def receiving(folder, *command):
    """The URL of a receiver for the model ``m``, and the file in which its messages are."""
    port, said = free_port(), folder / "stderr"
    url = f"http://127.0.0.1:{port}/"
    with said.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, str(WEBHOOKS / "receive.py"), "m", str(port), *command],
            env=environment(WEBHOOK_SECRET=SECRET),
            stderr=stderr,
        )
    try:
        wait_until(lambda: requests.post(url, timeout=5), process)
        yield url, said
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module")
def receiver(tmp_path_factory):
    """The URL of a receiver for the model ``m``, and the file in which each start of its command is a line."""
    folder = tmp_path_factory.mktemp("receiver")
    with receiving(folder, "sh", "-c", f'echo "deployed$WEBHOOK_SECRET" >> {folder / "started"}') as (url, _):
        yield url, folder / "started"


def lines(started):
    return started.read_text().count("\n") if started.exists() else 0


def test_setting_the_alias_champion_starts_the_command_once(receiver, tmp_path, monkeypatch):
    url, started = receiver
    before = lines(started)
    settings = {
        "MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY": Fernet.generate_key().decode(),
        "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https",  # the receiver has no TLS here
        "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
    }
    with tracking_server(tmp_path, **settings) as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
        create = [sys.executable, str(WEBHOOKS / "create.py"), url]
        process = subprocess.run(
            create, env=environment(MLFLOW_TRACKING_URI=server, WEBHOOK_SECRET=SECRET), capture_output=True, text=True
        )
        assert process.returncode == 0, process.stderr
        assert process.stdout.endswith(f"sends model_version_alias.created to {url}\n")
        client = mlflow.MlflowClient(server)
        mlflow.set_tracking_uri(server)
        try:
            for name in ("m", "other"):
                client.create_registered_model(name)
                for _ in range(2):
                    client.create_model_version(name, "s3://nowhere/model")
            client.set_registered_model_alias("m", "challenger", "1")
            assert promotions.promote("other", "1", None, "the first")
            assert promotions.promote("m", "1", None, "the first")
            wait_for(lambda: lines(started) == before + 1, seconds=60)
            promotions.update_aliases("m")  # the same champion once more, which may as well be a late event
            wait_for(lambda: lines(started) == before + 2, seconds=60)
            assert promotions.promote("m", "2", "1", "better")
            wait_for(lambda: lines(started) == before + 3, seconds=60)
            assert set(started.read_text().split()) == {"deployed"}  # and the command does not get the secret
        finally:
            mlflow.set_tracking_uri(None)
    # The secret is not in the server's store as it is.
    assert SECRET.encode() not in (tmp_path / "mlflow.db").read_bytes()


@pytest.mark.parametrize("script", ["create.py", "receive.py"])
@pytest.mark.parametrize("secret", ["", "s3cret"])
def test_a_secret_that_could_be_guessed_is_refused(monkeypatch, script, secret):
    monkeypatch.setenv("WEBHOOK_SECRET", secret)
    monkeypatch.setattr(sys, "argv", [script, "m", "8080"])
    with pytest.raises(SystemExit, match="WEBHOOK_SECRET is missing or shorter than 32 characters"):
        runpy.run_path(str(WEBHOOKS / script), run_name="__main__")


def signed(body, secret=SECRET, age=0, sent=None):
    delivery, sent = "1", sent or str(int(time.time()) - age)
    digest = hmac.new(secret.encode(), f"{delivery}.{sent}.".encode() + body, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"X-MLflow-Delivery-Id": delivery, "X-MLflow-Timestamp": sent, "X-MLflow-Signature": signature}


def promotion(version):
    data = {"name": "m", "alias": "champion", "version": version}
    return json.dumps({"entity": "model_version_alias", "action": "created", "data": data}).encode()


def test_what_the_server_has_not_signed_just_now_starts_nothing(receiver):
    url, started = receiver
    before, body = lines(started), promotion("71")
    refused = [{}, signed(body, "another secret"), signed(promotion("72")), {"X-MLflow-Signature": "v1,é".encode()}]
    for headers in refused:
        assert requests.post(url, data=body, headers=headers, timeout=5).status_code == 401
    assert requests.post(url, data=body, headers=signed(body, age=3600), timeout=5).status_code == 401  # sent again
    assert lines(started) == before
    # One that it has signed comes after those and is the first to start something.
    assert requests.post(url, data=body, headers=signed(body), timeout=5).status_code == 202
    wait_for(lambda: lines(started) == before + 1, seconds=30)


def test_signed_events_that_are_not_as_expected_are_refused_with_400(receiver):
    url, started = receiver
    before, nameless = lines(started), b'{"entity": "model_version_alias", "data": {"alias": "champion"}}'
    for body in (b"", b"no JSON", "\x80".encode("latin-1"), b"[]", b"{}", nameless):
        assert requests.post(url, data=body, headers=signed(body), timeout=5).status_code == 400
    when = signed(promotion("1"), sent=f"{time.time():.1f}")
    assert requests.post(url, data=promotion("1"), headers=when, timeout=5).status_code == 400
    assert lines(started) == before


def send(url, body, age=0):
    return requests.post(url, data=body, headers=signed(body, age=age), timeout=5).status_code


def test_the_endpoint_has_the_champion_in_whatever_order_the_events_come(tmp_path):
    champion, endpoint = tmp_path / "champion", tmp_path / "endpoint"
    with receiving(tmp_path, "cp", str(champion), str(endpoint)) as (url, _):
        for now, event in [("3", "3"), ("3 again", "2"), ("2", "2")]:  # that of 2 is late, and 3 is rolled back
            champion.write_text(now)
            assert send(url, promotion(event)) == 202
            wait_for(lambda now=now: endpoint.exists() and endpoint.read_text() == now, seconds=10)


def test_events_that_start_nothing_are_told_of_and_later_ones_start_the_command(tmp_path):
    command, started = tmp_path / "deploy.sh", tmp_path / "started"
    with receiving(tmp_path, str(command)) as (url, said):
        assert send(url, promotion("1"), age=400) == 401
        assert "refused an event that is 40" in said.read_text()
        assert send(url, promotion("1")) == 202
        wait_for(lambda: "the command cannot be started" in said.read_text(), seconds=10)
        command.write_text(f"#!/bin/sh\necho deployed >> {started}\n")
        command.chmod(0o755)
        assert send(url, promotion("2")) == 202
        wait_for(lambda: lines(started) == 1, seconds=10)
