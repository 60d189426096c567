"""The step ``deploy`` with endpoints that are only recorded: what the tags and the trail say of them."""

from pathlib import Path

import mlflow
import pytest

from sentiment.deployment.folder import write_sums
from sentiment.errors import UserError
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

    def predict(self, _, texts, version):
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
    run(prod, "--version=2")  # somebody has deleted the endpoint by other means
    assert "in prod, version 1 is gone" in said("1") and "answers" not in said("1")
    assert "in prod, version 2 answers 100%" in said("2")


def test_the_versions_that_share_the_requests_say_which_part_each_one_has(run, said):
    prod = Recorded("prod")
    run(prod, "--version=1")
    run(prod, "--action=update", "--version=2", "--traffic=0.004")
    assert "version 2 answers 0.4% of the requests" in said("2")
    assert "version 1 answers the other 99.6% of the requests" in said("1") and "100%" not in said("1")
    run(prod, "--action=update", "--version=2", "--traffic=0.29")
    assert "version 2 answers 29% of the requests" in said("2") and "the other 71%" in said("1")
    run(prod, "--action=update", "--version=2")
    assert "version 2 answers 100% of the requests" in said("2") and "version 1 is gone" in said("1")


def test_an_endpoint_that_does_not_answer_is_not_said_to(run, said):
    prod = Recorded("prod")
    run(prod, "--version=1")
    prod.broken = True
    with pytest.raises(UserError, match="endpoint=sentiment: unexpected answer to a test request: status 500"):
        run(prod, "--action=update", "--version=2")
    assert "version 2 fails the test request, and has 100% of the requests at https://prod.example.org" in said("2")
    assert "version 1 is gone" in said("1")


def test_a_version_of_another_model_gets_no_share_under_a_number_that_is_taken(run, said, tracked, tmp_path):
    prod = Recorded("prod")
    run(prod, "--version=1")
    run(prod, "--action=update", "--version=2", "--traffic=0.1")
    tracked.create_registered_model("mood")
    tracked.create_model_version("mood", str(tmp_path / "model"))
    update = ["--action=update", "--endpoint=sentiment", "--registered_model=mood", "--version=1"]
    with pytest.raises(UserError, match="version=1: endpoint sentiment has version 1 of sentiment already"):
        run(prod, *update, "--traffic=0.5")
    assert "version 1 answers the other 90%" in said("1")
    run(prod, *update)
    assert "version 1 is gone" in said("1")


def test_another_models_package_in_the_folder_of_this_one_is_refused(run, tracked):
    package = Path("package-sentiment-1")
    package.mkdir()
    run(Recorded("prod"), "--target=kubernetes", "--version=1")  # without the tag nothing is known of it
    (package / "model").write_text("ours")
    tracked.set_model_version_tag("sentiment", "1", "package.sha256", write_sums(package))
    run(Recorded("prod"), "--target=kubernetes", "--version=1")
    (package / "model").write_text("theirs")
    write_sums(package)
    with pytest.raises(UserError, match="package-sentiment-1: it is not the package last written for version 1 of"):
        run(Recorded("prod"), "--target=kubernetes", "--version=1")
    (package / "SHA256SUMS").unlink()
    with pytest.raises(UserError, match="package-sentiment-1: it is not the package last written for version 1 of"):
        run(Recorded("prod"), "--target=kubernetes", "--version=1")
    run(Recorded("prod"), "--target=kubernetes", "--version=1", "--manifests=ours")
