import json
from dataclasses import replace

import mlflow
import pytest
from mlflow import MlflowClient

from sentiment.registry import promotions
from sentiment.registry.promotions import Promotion, drop_void, list_champions, promote


@pytest.fixture
def versions(tracked):
    """A registered model ``m`` with versions; what they hold does not matter here."""
    tracked.create_registered_model("m")
    for _ in range(12):
        tracked.create_model_version("m", "file:///nowhere")
    return tracked


def aliases():
    return {alias: int(version) for alias, version in MlflowClient().get_registered_model("m").aliases.items()}


def test_ten_promotions_are_all_in_the_trail(versions):
    before = None
    for number in range(1, 11):
        assert promote("m", str(number), before, f"better by {number}", {"accuracy": number / 10})
        before = str(number)
    found = promotions.read("m")
    assert [entry.version for entry in found] == [str(number) for number in range(1, 11)]
    assert [entry.why for entry in found] == [f"better by {number}" for number in range(1, 11)]
    assert [entry.figures for entry in found] == [{"accuracy": number / 10} for number in range(1, 11)]
    assert found[0].replaces is None and all(late.replaces == early.version for early, late in zip(found, found[1:]))
    assert aliases() == {"champion": 10, "previous": 9}


def test_a_version_is_the_same_as_a_number_and_as_text(versions):
    versions.set_registered_model_tag(
        "m",
        "promotion.20250101T000000.000000.v1",
        json.dumps(
            {
                "version": 1,
                "replaces": None,
                "who": "ada",
                "why": "by an earlier release",
                "when": "2025-01-01T00:00:00.000000+00:00",
            }
        ),
    )
    promotions.update_aliases("m")
    assert promote("m", 2, "1", "better") and promote("m", 3, "2", "better, at once")
    assert aliases() == {"champion": 3, "previous": 2}
    assert list_champions(promotions.read("m")) == ["1", "2", "3"]


def test_it_says_who_and_in_which_run(versions):
    with mlflow.start_run(tags={"mlflow.user": "ada"}) as run:
        promote("m", "1", None, "the first")
    (entry,) = promotions.read("m")
    assert (entry.who, entry.run) == ("ada", run.info.run_id)


def test_rolling_back_twice_leads_two_champions_back(versions):
    for version, before in (("1", None), ("2", "1"), ("3", "2")):
        promote("m", version, before, "better")
    assert promote("m", "2", "3", "broken", rollback=True)
    assert aliases() == {"champion": 2, "previous": 1}
    assert promote("m", "1", "2", "broken, too", rollback=True)
    assert aliases() == {"champion": 1}
    assert promote("m", "4", "1", "mended")
    assert aliases() == {"champion": 4, "previous": 1}
    assert len(promotions.read("m")) == 6


def test_a_champion_that_has_changed_is_not_replaced(versions):
    promote("m", "1", None, "the first")
    promote("m", "2", "1", "better")
    assert not promote("m", "3", "1", "better than 1")
    assert aliases() == {"champion": 2, "previous": 1}


def test_two_that_meet_are_both_in_the_trail_and_the_first_is_champion(versions, monkeypatch):
    promote("m", "1", None, "the first")
    monkeypatch.setattr(promotions, "get_champion_version", lambda name: "1")  # what both saw
    assert promote("m", "2", "1", "better")
    assert not promote("m", "3", "1", "better, too")
    assert [entry.version for entry in promotions.read("m")] == ["1", "2", "3"]
    assert aliases() == {"champion": 2, "previous": 1}


def entry(when, version, replaces, rollback=False):
    return Promotion(version, replaces, "ada", "better", None, rollback, when=f"2026-01-01T{when}+00:00")


def test_an_alias_set_by_hand_is_taken_as_it_is():
    by_hand = [entry("10:00:00", "1", None), entry("11:00:00", "5", "3")]  # someone made 3 champion between them
    assert [promotion.version for promotion in drop_void(by_hand)] == ["1", "5"]
    assert list_champions(by_hand) == ["1", "3", "5"]
    at_once = [by_hand[0], replace(by_hand[1], when="2026-01-01T10:00:01+00:00")]
    assert [promotion.version for promotion in drop_void(at_once)] == ["1"]


def test_a_long_reason_fits_into_a_tag(versions):
    promote("m", "1", None, "x" * 9000)
    (stored,) = MlflowClient().get_registered_model("m").tags.values()
    assert len(stored) < 5000 and json.loads(stored)["version"] == "1"
