"""Endpoints of this machine whose servers have died, and the trail of endpoints; test_deploy.py runs servers."""

import json
import os
import socket

import mlflow

from sentiment.registry import deployments
from sentiment.workflow.command_line import parse
from steps.deploy import deploy


def test_an_endpoint_whose_server_has_died_is_deleted_and_told_to_be_gone_of_the_model_that_had_it(
    tracked, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    state = {"pid": os.getpid(), "started": 0.0, "port": 5001, "version": "1"}  # another process has got its id
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
