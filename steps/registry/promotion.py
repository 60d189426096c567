"""Which version of a registered model is the champion."""

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode

CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"


def present_champion(name):
    """The ``ModelVersion`` with the alias champion, or None where there is no such model or alias yet."""
    try:
        return MlflowClient().get_model_version_by_alias(name, CHAMPION)
    except MlflowException as error:
        missing = (ErrorCode.Name(RESOURCE_DOES_NOT_EXIST), "INVALID_PARAMETER_VALUE")  # no model, no alias
        if error.error_code in missing:
            return None
        raise


def accuracy(model_uri, test):
    """Share of texts that a model labels right.

    Args:
        model_uri: URI of a model that MLflow can load.
        test: DataFrame with the columns text and label.
    """
    predicted = mlflow.pyfunc.load_model(model_uri).predict(test[["text"]])["label"]
    return float((predicted.to_numpy() == test["label"].to_numpy()).mean())


def promote(name, version, champion):
    """Make a version the champion and keep the former one as previous.

    Args:
        name: registered model.
        version: the new champion's version.
        champion: the present champion, a ``ModelVersion``, or None.
    """
    client = MlflowClient()
    if champion is not None:
        client.set_registered_model_alias(name, PREVIOUS, champion.version)
    client.set_registered_model_alias(name, CHAMPION, version)
