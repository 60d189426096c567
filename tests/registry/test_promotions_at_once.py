"""Promotions that meet others, deletions, other clocks, or their end."""

import time
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest

from sentiment.registry import promotions
from sentiment.registry.promotions import promote
from sentiment.registry.trail import list_champions
from tests.registry.conftest import aliases, champions, promote_in_turn


@pytest.fixture
def clock(monkeypatch):
    """Sets the clock of the machine on which the next promotion takes place, by the seconds that it is ahead."""

    def set_clock(seconds):
        class Clock(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime.now(tz) + timedelta(seconds=seconds)

        monkeypatch.setattr(promotions, "datetime", Clock)

    return set_clock


@pytest.mark.parametrize("ahead", [-600, 600])
def test_the_clocks_of_other_machines_do_not_matter(versions, clock, ahead):
    assert promote("m", "1", None, "the first")
    for version, seconds in (("2", ahead), ("3", 0), ("4", ahead)):
        clock(seconds)
        assert promote("m", version, str(int(version) - 1), "better")
    assert aliases() == {"champion": 4, "previous": 3} and champions() == ["1", "2", "3", "4"]


class Interrupted:
    """A client of the store that does something else before its n-th call."""

    def __init__(self, client, place, other):
        self._client, self.calls, self._place, self._other = client, 0, place, other

    def __getattr__(self, name):
        def call(*arguments, **more):
            self.calls += 1
            if self.calls == self._place:
                self._other()
            return getattr(self._client, name)(*arguments, **more)

        return call


def test_of_two_that_meet_one_wins_wherever_the_other_comes_in_between(tracked, monkeypatch, clock):
    def meet(name, place):
        """Promote version 3, and before its call of this number version 2: a dict of what both were told."""
        said = {}

        def other():
            clock(600)
            monkeypatch.setattr(promotions, "MlflowClient", lambda: tracked)
            said["2"] = promote(name, "2", "1", "better")
            monkeypatch.setattr(promotions, "MlflowClient", lambda: interrupted)
            clock(0)

        interrupted = Interrupted(tracked, place, other)
        monkeypatch.setattr(promotions, "MlflowClient", lambda: interrupted)
        said["3"] = promote(name, "3", "1", "better, too")
        monkeypatch.setattr(promotions, "MlflowClient", lambda: tracked)
        return said

    for place in range(1, 100):
        name = f"m{place}"
        tracked.create_registered_model(name)
        for _ in range(3):
            tracked.create_model_version(name, "file:///nowhere")
        promote(name, "1", None, "the first")
        said = meet(name, place)
        if "2" not in said:
            break
        (winner,) = [version for version, done in said.items() if done]
        assert list_champions(promotions.read(name), "123") == ["1", winner], place
        found = tracked.get_registered_model(name).aliases
        assert {alias: str(version) for alias, version in found.items()} == {"champion": winner, "previous": "1"}
    assert 12 < place < 50  # it was interrupted at each of its calls


def test_a_version_that_is_deleted_while_it_is_promoted_leaves_no_alias(versions, monkeypatch):
    promote_in_turn(2)
    written = promotions._write

    def write_and_delete(*entry):
        written(*entry)
        versions.delete_model_version("m", "3")
        monkeypatch.setattr(promotions, "_write", written)

    monkeypatch.setattr(promotions, "_write", write_and_delete)
    promote("m", "3", "2", "better")
    assert aliases() == {"champion": 2, "previous": 1}


def test_a_promotion_does_not_wait_forever_for_one_in_its_place_whose_process_was_killed(versions, monkeypatch):
    promote_in_turn(1)
    written = promotions._write

    def write_after_another(name, key, mine):
        monkeypatch.setattr(promotions, "_write", written)
        written(name, f"{promotions.PROMOTION}n{mine.number:06d}.2026", replace(mine, version="2", when="2026"))
        written(name, key, mine)

    def wait(seconds):
        raise AssertionError("its time is over")

    monkeypatch.setattr(promotions, "_write", write_after_another)
    monkeypatch.setattr(promotions, "time", SimpleNamespace(time=time.time, monotonic=time.monotonic, sleep=wait))
    monkeypatch.setattr(promotions, "PATIENCE", 0.0)
    assert not promote("m", "3", "1", "better")
    assert aliases() == {"champion": 2, "previous": 1}


def test_a_promotion_that_was_killed_between_two_aliases_is_finished(versions, monkeypatch):
    assert promote("m", "1", None, "first") and promote("m", "2", "1", "second")
    with monkeypatch.context() as killed:
        set_alias = promotions._set_alias

        def set_champion(name, alias, version):
            if alias != promotions.CHAMPION:
                raise KeyboardInterrupt
            set_alias(name, alias, version)

        killed.setattr(promotions, "_set_alias", set_champion)
        with pytest.raises(KeyboardInterrupt):
            promote("m", "3", "2", "third")
    assert aliases() == {"champion": 3, "previous": 1} and not promotions.read("m")[-1].applied
    versions.set_registered_model_alias("m", "champion", "2")  # by hand: nothing is finished that is not champion
    promotions.finish_last("m")
    assert aliases() == {"champion": 2, "previous": 1}
    versions.set_registered_model_alias("m", "champion", "3")
    for _ in range(2):  # the second time there is nothing left to do
        promotions.finish_last("m")
        assert aliases() == {"champion": 3, "previous": 2} and promotions.read("m")[-1].applied
