import mlflow
import pandas as pd
import pytest

from sentiment.errors import UserError
from sentiment.registry import promotions
from sentiment.registry.versions import resolve_uri


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
