"""The model that ``mlflow models serve`` loads: the champion, whichever version it is, with its requests recorded.

It has the signature of the champion. A thread looks who is champion; a new one is loaded and tried beside the old one, and
takes over between two requests: those that are at work end with the model that they began with.
"""

import json
import signal
import sys
import threading
import time
from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.pyfunc import scoring_server

from sentiment.model.families import get_family
from sentiment.registry.promotions import get_champion
from sentiment.serving.recording import Recorder


class ServedChampion:
    """Answers as the champion does.

    Args:
        name: registered model.
        recorder: a :class:`Recorder`, or None.
        reload_seconds: how often it is looked for a new champion; 0 for never.
    """

    def __init__(self, name, recorder, reload_seconds):
        self._name = name
        self._recorder = recorder
        champion = get_champion(name)
        self._family = champion.tags.get("family")
        self._serving = _load(name, champion.version), str(champion.version)
        if reload_seconds:
            threading.Thread(target=self._follow, args=(reload_seconds,), daemon=True).start()

    def predict(self, model_input, params=None):
        """What the champion's ``predict`` gives, for a DataFrame with one string column or a list of str."""
        model, version = self._serving
        if self._recorder is None:
            return model.predict(model_input)
        started, answer, error = time.time_ns(), None, None
        try:
            answer = model.predict(model_input)
            return answer
        except Exception as failure:
            error = f"{type(failure).__name__}: {failure}"
            raise
        finally:
            self._recorder.record(started, time.time_ns(), version, model_input, answer, error)

    def _follow(self, seconds):
        seen = self._serving[1]
        while True:
            time.sleep(seconds)
            try:
                champion = get_champion(self._name)
                if champion is None or str(champion.version) == seen:
                    continue
                seen, family = str(champion.version), champion.tags.get("family")
                if family != self._family and any(
                    one is None or get_family(one).own_process for one in (family, self._family)
                ):
                    _say(f"version {seen} is champion, and needs a process of its own: start serve again")
                    continue
                self._serving, self._family = (_load(self._name, seen), seen), family
                _say(f"version {seen} has taken over")
            except (MlflowException, OSError, ImportError) as error:  # the one that serves goes on
                _say(f"no new champion could be loaded, version {self._serving[1]} goes on: {error}")


def _load(name, version):
    model = mlflow.pyfunc.load_model(f"models:/{name}/{version}")
    model.predict(["A first text, which costs what comes once."])
    return model


def _say(text):
    print(f"serve: {text}", file=sys.stderr, flush=True)


def _refuse_deep_json():
    """Have MLflow's server answer 400 to JSON that is nested too deeply for Python; by itself it takes that for its own fault."""
    decode = scoring_server._decode_json_input

    def decode_or_refuse(text):
        try:
            return decode(text)
        except RecursionError as error:
            raise MlflowException.invalid_parameter_value("the JSON is nested too deeply") from error

    scoring_server._decode_json_input = decode_or_refuse


def _load_pyfunc(path):
    """MLflow's hook: the model from the settings that :mod:`steps.serve` wrote."""
    _refuse_deep_json()
    settings = json.loads(Path(path).read_text(encoding="utf-8"))
    record = settings["record"]
    recorder = Recorder(settings["name"], **record) if record else None
    if recorder and threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            recorder.close_on(number)
    return ServedChampion(settings["name"], recorder, settings["reload_seconds"])
