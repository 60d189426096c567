"""What main says at its end of a version that may have been registered long ago."""

from types import SimpleNamespace

import pytest

from steps.main import describe_card, describe_status


@pytest.mark.parametrize(
    "aliases, champion, tags, expected",
    [
        (["champion"], "2", {"gate": "passed"}, "m version 2 is champion"),
        # After a rollback to version 1.
        ([], "1", {"gate": "passed"}, "m version 2 is registered; version 1 is champion"),
        (["previous"], "3", {}, "m version 2 is previous; version 3 is champion"),
        (
            ["challenger"],
            "1",
            {"gate": "passed", "waits": "it waits for a review, `approve`"},
            "m version 2 is challenger; version 1 is champion; it waits for a review, `approve`",
        ),
        (["champion"], "2", {"gate": "passed", "waits": "it waits for a review"}, "m version 2 is champion"),
        ([], None, {}, "m version 2 is registered"),
        (
            ["champion"],
            "2",
            {"gate": "failed", "gate.minimum_accuracy": "failed: 0.6, expected accuracy>=0.8"},
            "m version 2 is champion; it does not pass the gate (minimum_accuracy failed: 0.6, expected accuracy>=0.8)",
        ),
    ],
)
def test_the_status_of_a_version_is_what_it_is_now(aliases, champion, tags, expected):
    version = SimpleNamespace(name="m", version=2, aliases=aliases)  # some stores give numbers
    assert describe_status(version, champion, tags) == expected


def test_a_review_card_of_earlier_runs_is_said_to_be_of_them():
    def run(run_id, tags=None, params=None):
        return SimpleNamespace(
            info=SimpleNamespace(run_id=run_id), data=SimpleNamespace(tags=tags, params=params or {})
        )

    comparison = {"rows": [{"family": "simple", "tune_run": "s1"}, {"family": "ensemble", "tune_run": "s1,l1"}]}
    comparing, registering = run("c1", {"ingest_run": "i1"}), run("r1", params={"compare_run": "c1"})
    used = {"ingest": run("i1"), "simple": run("s1"), "compare": comparing, "register": registering}
    assert describe_card(comparison, comparing, registering, used) == ""
    again = used | {"ingest": run("i2"), "simple": run("s2")}  # of the same texts and model
    said = "The review card describes earlier runs with the same result: ingest i1, simple s1."
    assert describe_card(comparison, comparing, registering, again) == said
