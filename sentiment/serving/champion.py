"""The model that ``mlflow models serve`` loads: the current champion, with its requests recorded.

It has the champion's signature. A thread checks for a new champion, which is loaded and tried next to the old one and
then replaces it between two requests: running requests are finished by the model that they started with.
"""

import json
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.entities.model_registry import ModelVersion
from mlflow.environment_variables import MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT
from mlflow.pyfunc import PyFuncModel

from sentiment.model.families import needs_own_process
from sentiment.model.pyfunc import require_texts
from sentiment.registry.promotions import get_champion, require_champion
from sentiment.results import load_model
from sentiment.serving.recording import NOT_ANSWERED, Recorder
from sentiment.serving.requests import check_requests
from sentiment.tracking import FAMILY

LONGEST_PAUSE = 300.0  # seconds between two attempts to load a new champion


class ServedChampion:
    """Predicts as the champion does.

    Args:
        name: registered model.
        recorder: records each request; None: none is recorded.
        reload_seconds: seconds between two checks for a new champion; 0: no checks.
    """

    def __init__(self, name: str, recorder: Recorder | None, reload_seconds: float) -> None:
        self._name = name
        self._recorder = recorder
        champion = require_champion(name)
        self._family = champion.tags.get(FAMILY)
        self._serving = _load(name, champion.version), str(champion.version)
        self._identity = _identity(champion)
        if reload_seconds:
            threading.Thread(target=self._follow, args=(reload_seconds,), daemon=True).start()

    def predict(self, model_input: pd.DataFrame | list[str], params: dict[str, Any] | None = None) -> pd.DataFrame:
        """The champion's answer to a DataFrame with one string column, or to a list of strings.

        Raises:
            MlflowException: a row is not text, or is blank, for every model (status 400).
        """
        model, version = self._serving
        started, answer, error = time.time_ns(), None, None
        try:
            require_texts(model_input)
            # MLflow warns at each request of params that a model does not have.
            asked = {name: value for name, value in (params or {}).items() if value}
            answer = model.predict(model_input, asked or None)
            return answer
        except Exception as failure:
            error = f"{type(failure).__name__}: {failure}"
            raise
        finally:
            if self._recorder:
                ended, limit = time.time_ns(), MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT.get()
                if ended - started > limit * 10**9:  # MLflow has answered 504, and this thread went on
                    answer, error = None, error or f"{NOT_ANSWERED}: took longer than {limit} s"
                self._recorder.record(started, ended, version, model_input, answer, error)

    def _follow(self, seconds: float) -> None:
        """Check for a new champion forever; after failures the pause grows, up to ``LONGEST_PAUSE``."""
        failures, reported = 0, None
        while True:
            time.sleep(min(seconds * 2**failures, max(seconds, LONGEST_PAUSE)))
            try:
                message = self._update()
                failures = 0
            except Exception as error:  # of any kind: the current champion keeps serving, and loading is retried
                failures = min(failures + 1, 10)
                message = f"the new champion could not be loaded, version {self._serving[1]} is kept: {error}"
            if message and message != reported:
                _report(message)
            reported = message  # None after a success: the same failure later is reported again

    def _update(self) -> str | None:
        """Load the champion if it is a new one; returns what happened, or None."""
        champion = get_champion(self._name)
        if champion is None or _identity(champion) == self._identity:
            return None
        version, family = str(champion.version), champion.tags.get(FAMILY)
        if family != self._family and any(map(needs_own_process, (family, self._family))):
            return f"version {version} is now champion, but needs a new process: restart serve"
        model = _load(self._name, version)
        now = get_champion(self._name)
        if now is None or _identity(now) != _identity(champion):  # rolled back during loading
            return None
        self._serving, self._family = (model, version), family
        self._identity = _identity(champion)
        return f"version {version} is now served"


def _identity(version: ModelVersion) -> tuple[Any, ...]:
    """What distinguishes versions: a model that is deleted and registered again restarts from version 1."""
    return str(version.version), version.source, version.creation_timestamp


def _load(name: str, version: str) -> PyFuncModel:
    model = load_model(f"models:/{name}/{version}")
    model.predict(["A first text, so that no request pays for what happens once."])
    return model


def _report(message: str) -> None:
    print(f"serve: {message}", file=sys.stderr, flush=True)


def _load_pyfunc(path: str) -> ServedChampion:
    """MLflow's hook: the model from the settings file that :mod:`steps.serve` wrote."""
    check_requests()
    settings = json.loads(Path(path).read_text(encoding="utf-8"))
    record = settings["record"]
    recorder = Recorder(settings["name"], **record) if record else None
    if recorder and threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            recorder.close_on(number)
    return ServedChampion(settings["name"], recorder, settings["reload_seconds"])
