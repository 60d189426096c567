"""Artifacts of runs: reading them, if they are unchanged, and writing them."""

import json
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.utils.uri import append_to_uri_path, is_local_uri

from sentiment.digests import content_digest
from sentiment.errors import UserError
from sentiment.tracking import ENTRY_POINT, MANIFEST, OUTPUT_DIGEST


def artifacts(run_id: str, path: str) -> Path:
    """A local path of an artifact (file or folder) of a run: the store's own if it is local, else a copy.

    If it is gone, or is not what the step left (tag ``MANIFEST``), another run's with the same result is used.

    Raises:
        UserError: there is none.
    """
    run = mlflow.get_run(run_id)
    try:
        return checked_artifact(run, path)
    except UserError:
        for other in _runs_with_the_result_of(run):
            with suppress(UserError):
                return checked_artifact(other, path)
        raise


def read_json(run_id: str, path: str) -> Any:
    """The content of a JSON file among the :func:`artifacts` of a run."""
    return json.loads(artifacts(run_id, path).read_text(encoding="utf-8"))


def manifest(run: Run) -> dict[str, str]:
    """The SHA-256 of each artifact and model that a step left, by its path or URI; empty if it recorded none."""
    return json.loads(run.data.tags.get(MANIFEST, "{}"))


def download(address: str, expected: str | None) -> Path:
    """A local path of what is at an address.

    Args:
        address: of a file or folder in an artifact store.
        expected: its SHA-256, if that was recorded.

    Raises:
        OSError, MlflowException: it is gone, or its SHA-256 differs.
    """
    if is_local_uri(address):
        return _check(mlflow.artifacts.download_artifacts(address), expected)
    os.makedirs(tempfile.gettempdir(), mode=0o700, exist_ok=True)  # a server runs for longer than systems keep it
    folder = tempfile.mkdtemp()
    try:
        return _check(mlflow.artifacts.download_artifacts(address, dst_path=folder), expected)
    except BaseException:  # a server tries it again and again
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _check(path: str, expected: str | None) -> Path:
    if expected and content_digest(Path(path)) != expected:
        raise OSError("it has changed since it was written, its SHA-256 is another")
    return Path(path)


def checked_artifact(run: Run, path: str) -> Path:
    """:func:`artifacts`, only of this run."""
    try:
        # By its own address: asked for by run and path, MLflow copies even local files.
        return download(append_to_uri_path(run.info.artifact_uri, path), manifest(run).get(path))
    except (MlflowException, OSError) as error:
        raise UserError(
            f"the artifact {path} of run {run.info.run_id} cannot be used ({error}): run that step again"
        ) from error


def _runs_with_the_result_of(run: Run) -> list[Run]:
    """Other FINISHED runs of the same step, in its experiment, whose result is the same."""
    tags = run.data.tags
    same = [f"tags.`{name}` = '{tags.get(name)}'" for name in (ENTRY_POINT, OUTPUT_DIGEST)]
    found = MlflowClient().search_runs(
        [run.info.experiment_id], " and ".join([*same, "attributes.status = 'FINISHED'"])
    )
    return [other for other in found if manifest(other) and other.info.run_id != run.info.run_id]


def log_parquet(frame: Any, path: str, run_id: str | None = None) -> None:
    """Log a DataFrame as the artifact ``path``, which ends in .parquet, of a run; of the active one by default."""
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary) / Path(path).name
        frame.to_parquet(file, index=False)
        folder = str(Path(path).parent)
        mlflow.log_artifact(str(file), None if folder == "." else folder, run_id)
