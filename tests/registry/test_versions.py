import mlflow
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException, RestException

from sentiment.errors import UserError
from sentiment.registry import promotions
from sentiment.registry.versions import find_version, register, resolve_uri
from sentiment.runs import checked_run
from sentiment.tracking import COMPARISON_DIGEST
from sentiment.workflow.parameters import RollbackParameters
from steps.rollback import rollback


class Constant(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return pd.DataFrame({"label": ["pos"] * len(model_input)})


@pytest.fixture
def version(tracked):
    def register():
        with mlflow.start_run():
            info = mlflow.pyfunc.log_model(name="model", python_model=Constant(), pip_requirements=[])
        return mlflow.register_model(info.model_uri, "m").version

    return register


def test_there_is_no_champion_before_there_is_one(tracked, version):
    assert promotions.get_champion("m") is None
    first = version()
    assert promotions.get_champion("m") is None
    tracked.set_registered_model_alias("m", "champion", first)
    assert promotions.get_champion("m").version == first


def test_the_latest_version_is_the_one_of_its_number(version):
    with pytest.raises(UserError, match="models:/m/latest: there is no such model"):
        resolve_uri("models:/m/latest")
    latest = [version() for _ in range(2)][-1]
    # By its number its files are checked, and the texts that it was made from are known.
    assert resolve_uri("models:/m/latest") == (f"models:/m/{latest}", f"m version {latest}")


def test_a_champion_that_is_missing_is_told_with_the_parameter_that_names_another_model(tracked):
    with pytest.raises(UserError, match="models:/m@champion: there is no such model .* name a model with -P other="):
        resolve_uri("models:/m@champion", "other")


def test_a_version_may_be_named_by_its_number_or_by_any_alias(versions):
    versions.set_registered_model_alias("m", "champion", "3")
    versions.set_registered_model_alias("m", "challenger", "4")
    found = [int(find_version("m", named).version) for named in ("", "champion", "challenger", "5")]
    assert found == [3, 3, 4, 5]


def test_of_several_versions_of_a_winner_the_one_of_the_lowest_number_is_registered(versions, monkeypatch):
    monkeypatch.setattr("sentiment.registry.versions.has_model", lambda uri: True)
    for version in ("10", "9"):
        versions.set_model_version_tag("m", version, COMPARISON_DIGEST, "0")
    assert register("m", "file:///nowhere", {COMPARISON_DIGEST: "0"}, "", once=True) == "9"


@pytest.mark.parametrize(
    "error",
    [
        MlflowException("API request to http://host/api failed with exception: Max retries exceeded"),
        RestException({"error_code": "PERMISSION_DENIED", "message": "Permission denied"}),
    ],
)
def test_a_server_that_is_gone_or_refuses_is_not_taken_for_a_model_or_run_that_is_missing(tracked, monkeypatch, error):
    def fail(*_: object) -> None:
        raise error

    for name in ("get_model_version", "get_model_version_by_alias", "get_registered_model"):
        monkeypatch.setattr(mlflow.MlflowClient, name, fail)
    monkeypatch.setattr(mlflow, "get_run", fail)
    for ask in (
        lambda: resolve_uri("models:/m/1"),
        lambda: find_version("m", "1"),
        lambda: checked_run("compare_run", "0" * 32, "compare"),
        lambda: rollback(RollbackParameters(registered_model="m")),
    ):
        with pytest.raises(MlflowException, match="API request|Permission denied"):
            ask()
