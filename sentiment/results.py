"""The results of steps, and whether they still exist and are unchanged.

A step records the SHA-256 of each of its artifacts and of its model (its manifest) when it has finished. Every reader
compares.
"""

import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities import LoggedModel, Run
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode
from mlflow.utils.uri import is_local_uri
from yaml import YAMLError

from sentiment.artifacts import checked_artifact, download, manifest
from sentiment.digests import content_digest
from sentiment.errors import UserError, first_line
from sentiment.tracking import MANIFEST, MODEL_SHA256, MODEL_URI, active_run

MODELS = "models:/"  # before the id of a logged model

# A logged model does not change, and copying its files from another machine takes two requests a file.
_copies: dict[str, Path] = {}


def registered_version(uri: str) -> ModelVersion | None:
    """The registered version that a URI ``models:/name/number`` means; None for any other URI."""
    found = re.fullmatch(r"models:/([^/@]+)/(\d+)", uri)
    return MlflowClient().get_model_version(*found.groups()) if found else None


def model_files(uri: str) -> Path:
    """A local path of the files of an MLflow model, unchanged since its step logged them.

    Args:
        uri: its URI; a registered version is ``models:/name/number``.

    Raises:
        UserError: they are gone or have changed.
    """
    try:
        version = registered_version(uri)
        source = (version.source if version else None) or uri
        logged: LoggedModel | None
        if source.startswith(f"{MODELS}m-"):
            logged = MlflowClient().get_logged_model(source.removeprefix(MODELS))
            address = logged.artifact_location
        elif version:  # the source of a copied version is another version, which may be gone
            address = MlflowClient().get_model_version_download_uri(version.name, version.version)
            logged = _find_logged_model(address)
        else:
            address, logged = source, None
        fetch = download if is_local_uri(address) else _copy
        # Nothing is known of one from another project, or from an older version of this one.
        return fetch(address, logged.tags.get(MODEL_SHA256) if logged else None)
    except (MlflowException, OSError) as error:
        raise UserError(f"the model {uri} cannot be used: {error}") from error


def _copy(address: str, expected: str | None) -> Path:
    """The copy that this process has made, or a new one if a cleaner of temporary files has removed some of it."""
    path = _copies.get(address)
    if path is None or not path.exists() or (expected and content_digest(path) != expected):
        path = _copies[address] = download(address, expected)
    return path


def _find_logged_model(address: str) -> LoggedModel | None:
    """The logged model that the files at an address belong to; None if this server has no such model."""
    from mlflow.models import Model  # it imports numpy, which main starts without

    try:
        # Given the folder, it does not find one whose address is a file:// URL.
        file = download(f"{address}/MLmodel", None)
        model_id = Model.load(str(file)).model_id
        if not is_local_uri(address):
            shutil.rmtree(file.parent, ignore_errors=True)
    except (YAMLError, UnicodeDecodeError, AttributeError, TypeError) as error:  # it does not check what it reads
        raise OSError(f"its file MLmodel is damaged: {first_line(error)}") from error
    try:
        return MlflowClient().get_logged_model(model_id) if model_id else None
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
            raise
        return None


def load_model(uri: str) -> Any:
    """The ``PyFuncModel`` of an MLflow model whose files are unchanged; see :func:`model_files`."""
    return mlflow.pyfunc.load_model(str(model_files(uri)))


def has_model(uri: str) -> bool:
    """Whether the files of a model exist and are unchanged."""
    try:
        return bool(model_files(uri))
    except UserError:
        return False


def write_manifest(inputs: Iterable[Run]) -> None:
    """Record what the active run leaves: its artifacts, the model that it logged, and the models of its inputs."""
    client = MlflowClient()
    run = client.get_run(active_run().info.run_id)
    left = {name: digest for before in inputs for name, digest in manifest(before).items() if name.startswith(MODELS)}
    for file in client.list_artifacts(run.info.run_id):
        left[file.path] = content_digest(checked_artifact(run, file.path))
    if uri := run.data.tags.get(MODEL_URI):
        left[uri] = content_digest(model_files(uri))
        client.set_logged_model_tags(uri.removeprefix(MODELS), {MODEL_SHA256: left[uri]})
    client.set_tag(run.info.run_id, MANIFEST, json.dumps(left))


def check_manifest(run: Run) -> None:
    """Raise UserError if something that a step left is gone or has changed."""
    for name in manifest(run):
        if name.startswith(MODELS):
            model_files(name)
        else:
            checked_artifact(run, name)
