import mlflow
import pandas as pd
import pytest

from sentiment.registry import promotions


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
