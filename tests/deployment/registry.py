"""What is deployed in tests: a registered model without anything to load, since no target loads it here."""

from pathlib import Path

import mlflow
from mlflow import MlflowClient

from sentiment.registry import promotions


def register_two_versions(client: MlflowClient, folder: Path) -> None:
    """Register two versions of ``sentiment``, whose files are in a folder; the first one is champion."""
    (folder / "model").mkdir()
    flavor = {"python_function": {"loader_module": "nothing", "python_version": "3.11.7"}}
    mlflow.models.Model(flavors=flavor).save(str(folder / "model" / "MLmodel"))
    client.create_registered_model("sentiment")
    for _ in range(2):
        client.create_model_version("sentiment", str(folder / "model"))
    promotions.promote("sentiment", "1", None, "the first")
