"""Serve the champion over HTTP with ``mlflow models serve``, and switch to a new champion without losing a request."""

import http.client
import json
import os
import subprocess
import tempfile
import time
import urllib.request
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow

from sentiment.commands import curl_command
from sentiment.errors import UserError
from sentiment.paths import PROJECT_ROOT
from sentiment.registry.promotions import require_champion
from sentiment.results import model_files
from sentiment.serving.ports import reserve
from sentiment.tracking import MODEL_VERSION, REGISTERED_MODEL, active_run
from sentiment.workflow.launch import use_this_python
from sentiment.workflow.parameters import ServeParameters

START_TIMEOUT = 600.0  # seconds that a server may take until it answers


def serve(parameters: ServeParameters, hold: Callable[[], None]) -> None:
    name, host, port = parameters.registered_model, parameters.host, parameters.port
    champion = require_champion(name)
    try:
        reserve(host, port).close()
    except OSError as error:
        raise UserError(
            f"host={host}, port={port}: nothing can listen there ({error}): give another -P port="
        ) from error
    run = active_run().info
    mlflow.set_tags({REGISTERED_MODEL: name, MODEL_VERSION: champion.version})
    record = {"experiment_id": run.experiment_id, "run_id": run.run_id, "with_text": parameters.record_text}
    settings = {
        "name": name,
        "reload_seconds": parameters.reload_seconds,
        "record": record if parameters.record else None,
    }
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    with tempfile.TemporaryDirectory() as folder:
        model = save_model(Path(folder), settings, model_files(f"models:/{name}/{champion.version}"))
        hold()
        server = start_server(model, host, port)
        wait_until_ready(server, url, hold)
        answers = f"{name} version {champion.version} answers at {url}/invocations until Ctrl-C"
        print(f"serve: {answers}\n\n{curl_command(f'{url}/invocations')}\n", flush=True)
        server.wait()
        raise_if_ended(server, hold)


def save_model(folder: Path, settings: dict[str, Any], champion: Path) -> Path:
    """Save the model that is served, :mod:`sentiment.serving.champion`, with the champion's signature."""
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    # Given an example, MLflow would try the model on it, and that request would be recorded.
    warnings.filterwarnings("ignore", message=".*An input example was not provided")
    mlflow.pyfunc.save_model(
        str(folder / "model"),
        loader_module="sentiment.serving.champion",
        data_path=str(folder / "settings.json"),
        signature=mlflow.models.get_model_info(str(champion)).signature,
        pip_requirements=[],
    )
    return folder / "model"


def start_server(model: Path, host: str, port: int) -> subprocess.Popen[bytes]:
    """Start MLflow's scoring server, which writes to this process's console."""
    command = ["mlflow", "models", "serve", "-m", str(model), "--env-manager", "local", "-h", host, "-p", str(port)]
    use_this_python()
    settings = {
        "UVICORN_APP_DIR": str(PROJECT_ROOT),  # where it imports from first, which else is the user's folder
        "MLFLOW_TRACKING_URI": mlflow.get_tracking_uri(),
        "MLFLOW_LOGGING_LEVEL": "WARNING",
        "UVICORN_LOG_LEVEL": "warning",  # a log line for each request costs more than some requests
        # Requests are answered while the tracking server is down: do not wait for it.
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    }
    return subprocess.Popen(command, env=os.environ | settings)


def wait_until_ready(server: subprocess.Popen[bytes], url: str, hold: Callable[[], None]) -> None:
    """Return when the server answers ``/ping``; raise UserError if it ends before, or takes too long."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy cannot reach this machine's server
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        try:
            direct.open(f"{url}/ping", timeout=5).close()
            return
        except (OSError, http.client.HTTPException):
            raise_if_ended(server, hold)
            time.sleep(0.2)
    server.terminate()
    raise UserError(f"the server at {url} has not answered in {START_TIMEOUT:.0f} s: its own messages are above")


def raise_if_ended(server: subprocess.Popen[bytes], hold: Callable[[], None]) -> None:
    """Raise UserError if the server has ended by itself."""
    if server.poll() is not None:
        time.sleep(1.0)  # Ctrl-C ends both processes, in any order
        hold()
        raise UserError(f"the server ended with status {server.returncode}; its own messages are above")
