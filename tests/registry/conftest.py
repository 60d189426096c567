"""A registered model with versions, and what its trail and aliases say."""

import shutil

import pytest
from mlflow import MlflowClient

from sentiment.registry import promotions
from sentiment.registry.promotions import promote
from sentiment.registry.trail import list_champions
from tests.conftest import store


@pytest.fixture(scope="module")
def twelve_versions(tmp_path_factory):
    """The mlflow.db of a registered model ``m`` with versions; what they hold does not matter here."""
    folder = tmp_path_factory.mktemp("versions")
    with store(folder) as client:
        client.create_registered_model("m")
        for _ in range(12):
            client.create_model_version("m", "file:///nowhere")
    return folder / "mlflow.db"


@pytest.fixture
def versions(twelve_versions, tmp_path):
    """A store with that model for one test alone."""
    shutil.copy(twelve_versions, tmp_path)
    with store(tmp_path) as client:
        yield client


def aliases():
    return {alias: int(version) for alias, version in MlflowClient().get_registered_model("m").aliases.items()}


def champions():
    return list_champions(promotions.read("m"), {str(number) for number in range(1, 13)})


def promote_in_turn(count):
    for number in range(1, count + 1):
        promote("m", str(number), str(number - 1) if number > 1 else None, "better")
