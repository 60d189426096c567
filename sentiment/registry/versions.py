"""The versions of a registered model: how good one is, and a new one that is registered once."""

import mlflow
from mlflow import MlflowClient

from sentiment.tracking import has_model

COMPARISON = "comparison.digest"  # tag of a version: the content of the comparison that it won


def accuracy(model, test):
    """Share of texts that a model labels right.

    Args:
        model: an MLflow ``PyFuncModel``.
        test: DataFrame with the columns text and label.
    """
    predicted = model.predict(test[["text"]])["label"]
    return float((predicted.to_numpy() == test["label"].to_numpy()).mean())


def register(name, model_uri, tags, description, once):
    """Make a model the next version of a registered model.

    Args:
        name: the registered model.
        model_uri: URI of the logged model.
        tags: dict of the version's tags, with ``COMPARISON`` among them.
        description: Markdown.
        once: whether a version that won a comparison of the same content is taken in place of a second one. It may
            be there since a chain was killed right after it had registered, or come at this moment from another chain.

    Returns:
        The version, a str.
    """
    client = MlflowClient()
    if once and (first := _first(name, tags.get(COMPARISON))):
        return first
    version = str(mlflow.register_model(model_uri, name, tags=tags).version)
    # Of chains that got here at the same moment each sees the versions that are lower than its own.
    if once and (first := _first(name, tags.get(COMPARISON))) not in (None, version):
        client.delete_model_version(name, version)
        return first
    client.update_model_version(name, version, description=description)
    return version


def _first(name, comparison):
    """The lowest version that won a comparison of this content and whose model is still there, a str, or None."""
    versions = MlflowClient().search_model_versions(f"name = '{name}'")
    same = [version for version in versions if comparison and version.tags.get(COMPARISON) == comparison]
    return min((str(version.version) for version in same if has_model(version.source)), key=int, default=None)
