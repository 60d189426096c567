"""A winner that waits for a review, and its approval."""

import subprocess

import pytest

from sentiment.registry import promotions
from tests.conftest import runs, store
from tests.docs.commands import printed_commands
from tests.system.processes import forking_environment, run_here, run_step, run_steps

MODEL = "--registered_model=reviewed"


@pytest.fixture(scope="module")
def waiting(registered):
    output = run_steps(registered, ["register", MODEL, "--require_review=true"])
    assert "version 1 (simple) is challenger: it waits for a review" in output
    (registered / "printed").write_text(printed_commands(output)[0])
    return registered


def aliases(folder):
    with store(folder) as client:
        return {alias: int(version) for alias, version in client.get_registered_model("reviewed").aliases.items()}


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ([], "approve needs version, reviewer and note"),
        (["--version=1", "--reviewer=ada"], "approve needs version, reviewer and note"),
        (["--version=9", "--reviewer=ada", "--note=fine"], "version=9: reviewed has no such version"),
    ],
)
def test_an_approval_says_what_it_needs(waiting, arguments, expected):
    process = run_here("approve", MODEL, *arguments, cwd=waiting)
    assert process.returncode == 1 and expected in process.stderr and "Traceback" not in process.stderr
    assert aliases(waiting) == {"challenger": 1}


def test_a_version_that_does_not_pass_is_not_called_reviewed(waiting):
    run_steps(waiting, ["register", "--registered_model=weak", "--gates=accuracy>=0.999"])
    process = run_here(
        "approve", "--registered_model=weak", "--version=1", "--reviewer=ada", "--note=fine", cwd=waiting
    )
    assert process.returncode == 1 and "weak version 1 is not promoted: minimum_accuracy: " in process.stderr
    with store(waiting) as client:
        assert not [tag for tag in client.get_model_version("weak", "1").tags if tag.startswith("review.")]


def test_an_approved_version_is_champion_and_the_trail_says_why(waiting):
    # As it was printed, with what the reviewer has to say.
    command = (waiting / "printed").read_text().replace("YOUR_NAME", "ada").replace("WHAT_YOU_FOUND", "'read the card'")
    process = subprocess.run(
        command, shell=True, cwd=waiting, env=forking_environment(), capture_output=True, text=True, timeout=300
    )
    assert process.returncode == 0, process.stderr
    assert aliases(waiting) == {"champion": 1}
    with store(waiting) as client:
        tags = client.get_model_version("reviewed", "1").tags
        (entry,) = promotions.read("reviewed")
    assert (tags["review.reviewer"], tags["review.note"]) == ("ada", "read the card") and tags["review.at"].startswith(
        "20"
    )
    assert "approved by ada (read the card): there was no champion" in entry.why
    process = run_here("approve", MODEL, "--version=1", "--reviewer=bob", "--note=again", cwd=waiting)
    assert process.returncode == 1 and "version 1 is not promoted: it already is the champion" in process.stderr
    with store(waiting) as client:
        assert client.get_model_version("reviewed", "1").tags == tags
    # Approved once more after its alias was taken away: both reviews stay.
    with store(waiting) as client:
        client.delete_registered_model_alias("reviewed", "champion")
        client.set_registered_model_alias("reviewed", "challenger", "1")
    run_steps(waiting, ["approve", MODEL, "--version=challenger", "--reviewer=bob", "--note=again"])
    with store(waiting) as client:
        assert [entry.version for entry in promotions.read("reviewed")] == ["1", "1"]
        later = client.get_model_version("reviewed", "1").tags
    assert (later["review.2.reviewer"], later["review.2.note"]) == ("bob", "again") and tags.items() <= later.items()


def test_a_champion_of_other_classes_is_never_silently_compared(waiting):
    with store(waiting) as client:
        client.set_model_version_tag("reviewed", "1", "classes", '["bad", "good"]')
        client.set_model_version_tag("reviewed", "1", "comparison.digest", "another")
    process = run_step("register", MODEL, cwd=waiting)
    assert process.returncode == 0, process.stderr
    assert (
        "is challenger: comparable: champion version 1 knows other classes (bad, good; these are negative, positive)"
        in process.stdout
    )
    assert "-P force=true" in process.stdout
    process = run_step("register", MODEL, "--force=true", cwd=waiting)
    assert "is champion: champion version 1 knows other classes" in process.stdout
    assert runs(waiting, "register")[0].data.tags["alias"] == "champion"
