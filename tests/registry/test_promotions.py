import json
import time
from dataclasses import replace
from types import SimpleNamespace

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED

from sentiment.errors import UserError
from sentiment.registry import promotions
from sentiment.registry.promotions import promote
from sentiment.registry.trail import Promotion, drop_void, find_rollback, list_champions
from tests.registry.conftest import aliases, champions, promote_in_turn


def test_ten_promotions_are_all_in_the_trail(versions):
    before = None
    for number in range(1, 11):
        assert promote("m", str(number), before, f"better by {number}")
        before = str(number)
    found = promotions.read("m")
    assert [entry.version for entry in found] == [str(number) for number in range(1, 11)]
    assert [entry.why for entry in found] == [f"better by {number}" for number in range(1, 11)]
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
    assert champions() == ["1", "2", "3"]


def test_a_promotion_is_a_line_on_the_models_page_and_complete_in_its_run(versions):
    promote("m", "1", None, "the first: by hand,\nin two lines")
    with mlflow.start_run(tags={"mlflow.user": "ada"}) as run:
        promote("m", "2", "1", "better", {"accuracy": 0.9})
        promote("m", "1", "2", "broken", {"accuracy": 0.8}, rollback=True)
    first, second, third = promotions.read("m")
    assert (first.who, first.run, first.why) == ("unknown", None, "the first: by hand,\nin two lines")
    assert (second.who, second.run, second.replaces, second.number) == ("ada", run.info.run_id, "1", 2)
    assert third.rollback and third.applied
    tags = versions.get_registered_model("m").tags
    assert f"version 2 replaces version 1, by ada in run {run.info.run_id}: better" in " ".join(tags.values())
    record = mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/promotion.json")
    assert record["why"] == "broken" and record["rollback"] and record["figures"] == {"accuracy": 0.8}


def test_only_the_first_champion_is_called_the_first(versions):
    promote("m", "1", None, "there was no champion")
    versions.delete_registered_model_alias("m", "champion")  # by hand
    promote("m", "2", None, "there was no champion")
    first, second = (line for _, line in sorted(versions.get_registered_model("m").tags.items()))
    assert "version 1 is the first, by" in first and "version 2 becomes champion where there was none, by" in second
    assert [(entry.version, entry.replaces) for entry in promotions.read("m")] == [("1", None), ("2", None)]
    assert champions() == ["1", "2"]


def test_a_tag_that_was_edited_to_something_else_is_named(versions):
    promote("m", "1", None, "the first")
    (key,) = versions.get_registered_model("m").tags
    versions.set_registered_model_tag("m", key, "by hand")
    with pytest.raises(UserError, match=f"the registered model.s tag {key} is not a promotion"):
        promotions.read("m")


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


def test_an_alias_set_by_hand_is_taken_as_it_is(versions):
    promote("m", "1", None, "the first")
    promote("m", "2", "1", "better")
    versions.set_registered_model_alias("m", "champion", "4")
    assert promote("m", "5", "4", "better, at once")
    assert champions() == ["1", "2", "4", "5"] and aliases() == {"champion": 5, "previous": 4}
    versions.delete_registered_model_alias("m", "champion")  # as is advised where it cannot be loaded
    assert promote("m", "6", None, "there was none")
    assert aliases() == {"champion": 6, "previous": 5}


def entry(when, version, replaces):
    """An entry of an earlier release."""
    return Promotion(version, replaces, "ada", "better", when=f"2026-01-01T{when}+00:00")


def test_entries_without_a_number_are_ordered_by_their_time():
    by_hand = [entry("10:00:00", "1", None), entry("11:00:00", "5", "3")]  # someone made 3 champion between them
    assert [promotion.version for promotion in drop_void(by_hand)] == ["1", "5"]
    assert list_champions(by_hand, "12345") == ["1", "3", "5"]
    at_once = [by_hand[0], replace(by_hand[1], when="2026-01-01T10:00:01+00:00")]
    assert [promotion.version for promotion in drop_void(at_once)] == ["1"]


@pytest.mark.parametrize(
    "deleted, found, after",
    [
        (["2"], ("3", "1"), {"champion": 1}),
        (["3"], (None, "2"), {"champion": 2, "previous": 1}),  # the champion itself
        (["3", "2"], (None, "1"), {"champion": 1}),
        (["1"], ("3", "2"), {"champion": 2}),
        (["1", "2"], ("3", None), {"champion": 3}),
    ],
)
def test_a_rollback_leads_to_the_last_champion_that_still_exists(versions, deleted, found, after):
    promote_in_turn(3)
    for version in deleted:
        versions.delete_model_version("m", version)
    champion, previous = promotions.find_previous("m")
    assert (champion, previous) == found
    assert previous is None or promote("m", previous, champion, "broken", rollback=True)
    assert aliases() == after


def test_a_promotion_after_the_champion_or_all_were_deleted_is_made_at_once(versions, monkeypatch):
    promote_in_turn(3)
    versions.delete_model_version("m", "3")
    monkeypatch.setattr(promotions, "time", SimpleNamespace(time=time.time, monotonic=time.monotonic))  # no sleep
    assert promote("m", "4", None, "there was none")
    assert aliases() == {"champion": 4, "previous": 2}
    for version in ("1", "2", "4"):
        versions.delete_model_version("m", version)
    assert promotions.find_previous("m") == (None, None)
    assert promote("m", "5", None, "there was none")
    assert aliases() == {"champion": 5}


def test_a_rollback_by_hand_to_an_earlier_champion_is_not_undone(versions):
    promote_in_turn(3)
    versions.set_registered_model_alias("m", "champion", "2")
    assert promotions.find_previous("m") == ("2", "1")


def test_a_champion_is_no_challenger(versions):
    promote("m", "1", None, "the first")
    versions.set_registered_model_alias("m", "challenger", "2")
    promote("m", "3", "1", "better")
    assert aliases() == {"champion": 3, "previous": 1, "challenger": 2}
    promote("m", "2", "3", "better")
    assert aliases() == {"champion": 2, "previous": 3}


def test_a_promotion_goes_to_the_end_of_a_trail_that_somebody_has_shortened(versions):
    promote_in_turn(3)
    versions.delete_registered_model_tag("m", min(versions.get_registered_model("m").tags))
    assert promote("m", "4", "3", "better") and aliases() == {"champion": 4, "previous": 3}


def test_a_long_reason_fits_into_a_tag(versions):
    promote("m", "1", None, "x" * 9000)
    (stored,) = MlflowClient().get_registered_model("m").tags.values()
    assert 3000 < len(stored) < 5000 and promotions.read("m")[0].version == "1"


def refuse(*_, **__):
    raise MlflowException("Permission denied", error_code=PERMISSION_DENIED)


def fail(*_, **__):
    raise MlflowException("no answer")


def test_the_champion_is_not_asked_for_by_its_alias(versions, monkeypatch):
    """Where there is no such model, a server with authentication refuses that to all but admins."""
    monkeypatch.setattr(MlflowClient, "get_model_version_by_alias", refuse)
    assert promotions.get_champion("other") is None and promotions.get_champion("m") is None
    versions.set_registered_model_alias("m", "champion", "3")
    assert int(promotions.get_champion("m").version) == 3


def test_who_may_not_change_a_model_is_told_so_and_who_may_changes_nothing(versions, monkeypatch):
    before = vars(versions.get_registered_model("m"))
    promotions.check_permission("m")
    promotions.check_permission("other")
    assert vars(versions.get_registered_model("m")) == before
    monkeypatch.setattr(MlflowClient, "delete_registered_model_alias", refuse)
    with pytest.raises(UserError, match="registered_model=m: this user may not change it at .*MANAGE"):
        promotions.check_permission("m")
    monkeypatch.setattr(MlflowClient, "delete_registered_model_alias", fail)  # a lost server is not a permission
    with pytest.raises(MlflowException, match="no answer"):
        promotions.check_permission("m")


def test_an_alias_that_another_process_has_just_set_for_the_first_time_is_set_again(versions, monkeypatch):
    """MLflow's store fails one of the two on its unique key."""
    set_alias = MlflowClient.set_registered_model_alias

    def set_second(client, name, alias, version):
        monkeypatch.setattr(MlflowClient, "set_registered_model_alias", set_alias)
        set_alias(client, name, alias, "7")
        fail()

    monkeypatch.setattr(MlflowClient, "set_registered_model_alias", set_second)
    assert promote("m", "1", None, "the first") and aliases() == {"champion": 1}


def test_a_version_that_is_promoted_anew_leads_back_to_the_one_that_it_replaces():
    trail = [
        Promotion(version, before, "ada", "", number=place)
        for place, (version, before) in enumerate((("1", None), ("2", "1"), ("1", "2")), start=1)
    ]
    assert list_champions(trail, "12") == ["1", "2", "1"]
    assert list_champions(trail, "1") == ["1"]  # not back to itself


def test_a_rollback_that_another_promotion_came_before_has_taken_nothing_out_of_use():
    first = [Promotion("1", None, "ada", "", number=1), Promotion("2", "1", "ada", "better", number=2)]
    back = Promotion("1", "2", "ada", "broken", rollback=True, number=3)
    assert find_rollback([*first, back], {"2"}) == back and find_rollback([*first, back], {"1"}) is None
    assert find_rollback([*first, Promotion("3", "2", "bob", "better", number=3), back], {"2"}) is None
