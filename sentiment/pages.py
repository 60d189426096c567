"""Links to the tracking server and its UI, without credentials."""

from urllib.parse import quote

import mlflow
from mlflow.entities import Run

from sentiment.errors import hide_credentials


def ui_url(page: str) -> str:
    """The address of a page of MLflow's UI; without a tracking server, of the UI that ``mlflow ui`` starts.

    Args:
        page: see :func:`ui_page`.
    """
    uri = shown_tracking_uri()
    return (uri.rstrip("/") if uri.startswith("http") else "http://localhost:5000") + page


def ui_page(path: str) -> str:
    """A page of MLflow's UI, such as ``models/sentiment``, as a link from another page of it.

    Without ``workflowType``, MLflow 3 shows an experiment as one of traces and judges. Nothing that can be stored with
    the experiment changes that.
    """
    return f"/#/{path}?workflowType=machine_learning"


def run_page(run: Run, artifact: str = "") -> str:
    """The page of a run, or of one of its artifacts, as :func:`ui_page`."""
    path = f"experiments/{run.info.experiment_id}/runs/{run.info.run_id}"
    return ui_page(f"{path}/artifacts/{artifact}" if artifact else path)


def version_page(name: str, version: str) -> str:
    """The page of a model version, as :func:`ui_page`."""
    return ui_page(f"models/{quote(name)}/versions/{version}")


def shown_tracking_uri() -> str:
    """The tracking URI as it may be shown, without a user and a password."""
    return hide_credentials(mlflow.get_tracking_uri())
