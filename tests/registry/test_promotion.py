import mlflow
import pandas as pd
import pytest

from steps.registry import promotion


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


def test_the_first_champion_has_no_former_one(tracked, version):
    assert promotion.present_champion("m") is None
    first = version()
    assert promotion.present_champion("m") is None
    promotion.promote("m", first, None)
    assert promotion.present_champion("m").version == first


def test_a_new_champion_keeps_the_former_one_as_previous(tracked, version):
    first, second = version(), version()
    promotion.promote("m", first, None)
    promotion.promote("m", second, promotion.present_champion("m"))
    assert tracked.get_model_version_by_alias("m", "champion").version == second
    assert tracked.get_model_version_by_alias("m", "previous").version == first


def test_accuracy_is_the_share_of_right_labels(tracked, version):
    test = pd.DataFrame({"text": ["a", "b", "c", "d"], "label": ["pos", "neg", "pos", "pos"]})
    assert promotion.accuracy(f"models:/m/{version()}", test) == 0.75
