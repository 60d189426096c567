"""The served model follows the champion, whatever goes wrong on the way."""

import threading
import time
import zipfile
from types import SimpleNamespace

import pytest
from mlflow.exceptions import MlflowException

from sentiment.serving import champion
from sentiment.serving.champion import ServedChampion

# How the thread is ended.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


@pytest.fixture
def registry(monkeypatch):
    """A registry whose champion and whose failures a test sets. The thread that follows it ends with the test."""
    state = SimpleNamespace(version="1", source="models:/m-1", family="simple", failures=[], loaded=[], over=False)
    before = set(threading.enumerate())

    def get(_):
        if state.over:
            raise SystemExit
        tags = {"family": state.family}
        return SimpleNamespace(version=state.version, source=state.source, creation_timestamp=1, tags=tags)

    def load(_, version):
        state.loaded.append(version)
        if version != "1" and state.failures:
            raise state.failures.pop(0)
        return SimpleNamespace(predict=lambda texts, params: version)

    for function in ("get_champion", "require_champion"):
        monkeypatch.setattr(champion, function, get)
    monkeypatch.setattr(champion, "_load", load)
    yield state
    state.over = True
    for thread in set(threading.enumerate()) - before:
        thread.join()


@pytest.mark.parametrize(
    "failures",
    [[], [OSError("gone"), zipfile.BadZipFile("cut short")], [RuntimeError("anything")] * 3],
    ids=["at once", "after a damaged file", "after anything else"],
)
def test_a_new_champion_takes_over_also_after_failures(registry, failures, capsys):
    registry.failures = list(failures)
    served = ServedChampion("sentiment", None, reload_seconds=0.01)
    assert served.predict(["a text"]) == "1"
    registry.version = "2"
    deadline = time.time() + 20
    while served.predict(["a text"]) != "2":
        assert time.time() < deadline, registry.loaded
        time.sleep(0.01)
    assert registry.loaded == ["1"] + ["2"] * (len(failures) + 1)
    assert "version 1 is kept" in capsys.readouterr().err or not failures


def test_each_failure_makes_the_pause_longer_and_is_told_once(registry, monkeypatch, capsys):
    pauses = []

    def sleep(seconds):
        pauses.append(seconds)
        if len(pauses) == 5:
            raise SystemExit

    monkeypatch.setattr(champion, "time", SimpleNamespace(sleep=sleep))
    registry.failures = [OSError("gone")] * 3
    served = ServedChampion("sentiment", None, reload_seconds=0)
    registry.version = "2"
    with pytest.raises(SystemExit):
        served._follow(50)
    assert pauses == [50, 100, 200, champion.LONGEST_PAUSE, 50]
    failed, taken_over = capsys.readouterr().err.splitlines()
    assert failed.endswith("version 1 is kept: gone") and "version 2 is now served" in taken_over


def test_the_second_of_two_outages_is_reported_too(registry, monkeypatch, capsys):
    outcomes = [OSError("gone"), OSError("gone"), None, OSError("gone"), SystemExit()]

    def update(_):
        if outcome := outcomes.pop(0):
            raise outcome

    monkeypatch.setattr(champion, "time", SimpleNamespace(sleep=lambda _: None))
    monkeypatch.setattr(ServedChampion, "_update", update)
    with pytest.raises(SystemExit):
        ServedChampion("sentiment", None, reload_seconds=0)._follow(1)
    assert len(capsys.readouterr().err.splitlines()) == 2


@pytest.mark.parametrize("family, takes_over", [("ensemble", True), ("pipeline", False)])
def test_an_ensemble_takes_over_from_a_family_and_a_pipeline_does_not(registry, family, takes_over):
    served = ServedChampion("sentiment", None, reload_seconds=0)
    registry.version, registry.family = "2", family
    assert ("is now served" if takes_over else "restart serve") in served._update()
    assert served.predict(["a text"]) == ("2" if takes_over else "1")


def test_a_model_that_was_registered_anew_takes_over_under_the_same_number(registry):
    served = ServedChampion("sentiment", None, reload_seconds=0)
    assert served._update() is None
    registry.source = "models:/m-2"
    assert served._update() == "version 1 is now served"
    assert served._update() is None and registry.loaded == ["1", "1"]


def test_a_champion_that_is_rolled_back_while_it_is_loaded_does_not_take_over(registry, monkeypatch):
    served = ServedChampion("sentiment", None, reload_seconds=0)
    load = champion._load

    def load_slowly(name, version):
        model, registry.version = load(name, version), "1"
        return model

    monkeypatch.setattr(champion, "_load", load_slowly)
    registry.version = "2"
    assert served._update() is None and registry.loaded == ["1", "2"]
    assert served.predict(["a text"]) == "1"


def test_a_request_that_mlflow_ended_before_its_answer_is_recorded_as_not_answered(registry, monkeypatch):
    monkeypatch.setenv("MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT", "1")
    seconds = iter([0, 0.9, 10, 11.1])
    monkeypatch.setattr(champion.time, "time_ns", lambda: int(next(seconds) * 1e9))
    recorded = []
    recorder = SimpleNamespace(record=lambda *request: recorded.append(request[-2:]))
    served = ServedChampion("sentiment", recorder, reload_seconds=0)
    served.predict(["a text"])
    served.predict(["a text"])
    assert recorded == [("1", None), (None, "not answered: took longer than 1 s")]


def test_a_request_is_recorded_with_the_version_that_answered_it_and_with_why_it_was_refused(registry, monkeypatch):
    recorded = []
    served = ServedChampion("sentiment", SimpleNamespace(record=lambda *request: recorded.append(request)), 0)

    def answer_while_another_takes_over(*_):
        registry.version = "2"
        assert "is now served" in served._update()
        return "the answer of 1"

    monkeypatch.setattr(served._serving[0], "predict", answer_while_another_takes_over)
    served.predict(["a text"])
    with pytest.raises(MlflowException, match="row 2"):
        served.predict(["a text", " "])
    (_, _, *first), (_, _, version, _, answer, error) = recorded
    assert first == ["1", ["a text"], "the answer of 1", None]
    assert (version, answer) == ("2", None) and error.startswith("MlflowException: ") and "row 2" in error
