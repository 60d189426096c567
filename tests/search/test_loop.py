"""How many trials of a search run at the same time."""

from concurrent.futures import Future
from types import SimpleNamespace

import pytest

from sentiment.search import loop
from sentiment.search.loop import always_has_room, run_trials
from sentiment.search.trials import Outcome


@pytest.mark.parametrize("at_once, has_room", [(2, always_has_room), (3, lambda running: running < 2)])
def test_a_trial_begins_where_fewer_than_may_run_at_once_and_there_is_room(monkeypatch, at_once, has_room):
    running, most = [], []

    def end_one(*_):
        running.pop(0).set_result(Outcome("", "", {}, 1))

    def begin(number, *_):
        trial = Future()
        running.append(trial)
        most.append(len(running))
        while number == 6 and running:
            end_one()
        return trial

    monkeypatch.setattr(loop, "wait", end_one)
    engine = SimpleNamespace(ask=lambda: ({}, None), tell=lambda number, loss: None)
    assert len(run_trials(engine, begin, 6, at_once, has_room)) == 6
    assert most == [1, 2, 2, 2, 2, 2]
