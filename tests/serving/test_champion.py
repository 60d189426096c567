"""The served model follows the champion, whatever goes wrong on the way."""

import time
import zipfile
from types import SimpleNamespace

import pytest

from sentiment.serving import champion
from sentiment.serving.champion import ServedChampion


@pytest.fixture
def registry(monkeypatch, request):
    """A registry whose champion and whose failures a test sets; that of another test's name has one version."""
    state = SimpleNamespace(name=request.node.name, version="1", failures=[], loaded=[])

    def get(name):
        return SimpleNamespace(version=state.version if name == state.name else "1", tags={"family": "simple"})

    def load(name, version):
        if name == state.name:
            state.loaded.append(version)
            if version != "1" and state.failures:
                raise state.failures.pop(0)
        return SimpleNamespace(predict=lambda texts, params: version)

    for function in ("get_champion", "require_champion"):
        monkeypatch.setattr(champion, function, get)
    monkeypatch.setattr(champion, "_load", load)
    return state


@pytest.mark.parametrize(
    "failures",
    [[], [OSError("gone"), zipfile.BadZipFile("cut short")], [RuntimeError("anything")] * 3],
    ids=["at once", "after a damaged file", "after anything else"],
)
def test_a_new_champion_takes_over_also_after_failures(registry, failures, capsys):
    registry.failures = list(failures)
    served = ServedChampion(registry.name, None, reload_seconds=0.01)
    assert served.predict(["a text"]) == "1"
    registry.version = "2"
    deadline = time.time() + 20
    while served.predict(["a text"]) != "2":
        assert time.time() < deadline, registry.loaded
        time.sleep(0.01)
    assert registry.loaded == ["1"] + ["2"] * (len(failures) + 1)
    assert "version 1 stays" in capsys.readouterr().err or not failures
