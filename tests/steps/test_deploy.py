"""The step ``deploy`` with endpoints that are only recorded: what the tags and the trail say of them."""

import mlflow
import pytest

from sentiment.workflow.command_line import parse
from steps import deploy
from tests.deployment.registry import register_two_versions


class Recorded:
    """A target in a place, whose endpoints answer unless ``broken``."""

    def __init__(self, place):
        self.place = place
        self.broken = False

    def create(self, *_):
        return f"https://{self.place}.example.org"

    update = create

    def delete(self, _):
        pass

    def predict(self, _, texts):
        if self.broken:
            raise ValueError("status 500")
        return [{"label": "positive", "score": 0.9} for _ in texts]


@pytest.fixture
def run(tracked, tmp_path, monkeypatch):
    """Runs ``deploy`` with a target; version 1 of ``sentiment`` is champion."""
    register_two_versions(tracked, tmp_path)

    def run(target, *arguments):
        monkeypatch.setattr(deploy, "get_target", lambda *_: target)
        given = ["--target=sagemaker", "--any_version=true", *arguments]
        with mlflow.start_run(tags={"mlflow.user": "ada"}):
            deploy.deploy(parse("deploy", given), lambda: None)

    return run


@pytest.fixture
def said(tracked):
    """What the tags of a version say of its endpoints."""
    return lambda version: tracked.get_model_version("sentiment", version).tags["deployed.sagemaker.sentiment"]


def test_what_is_done_in_one_place_is_not_said_of_an_endpoint_of_the_same_name_elsewhere(run, said):
    prod, dev = Recorded("prod"), Recorded("dev")
    run(prod, "--version=1")
    run(dev, "--version=1")
    run(dev, "--action=update", "--version=2")
    assert "in dev, version 1 is gone" in said("1") and "in prod, version 1 answers 100%" in said("1")
    run(dev, "--action=delete")
    assert "in dev, version 2 is gone" in said("2") and "in prod, version 1 answers 100%" in said("1")
    run(prod, "--action=delete")
    assert "in prod, version 1 is gone" in said("1") and "answers" not in said("1")
