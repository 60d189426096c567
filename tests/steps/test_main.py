"""What main says at its end of a version that may have been registered long ago."""

from types import SimpleNamespace

import pytest

from steps.main import describe_status


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
