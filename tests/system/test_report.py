"""The comment on a pull request: a comparison beside the champion's, and whether the winner would replace it."""

import pytest

from sentiment.registry import promotions
from tests.conftest import runs, store
from tests.system.processes import run_here, run_step, run_steps


@pytest.fixture(scope="module")
def proposed(registered):
    """A folder with a champion, and a later comparison whose winner is another model; nothing registers that."""
    (registered / "other.yaml").write_text("classifier: multinomial_nb\nalpha: 5.0\n")
    run_steps(registered, ["tune", "--max_evals=1", "--space=other.yaml"], ["compare"])
    return registered


def test_a_pull_request_is_told_how_its_winner_does_beside_the_champion(proposed):
    (proposed / "comment.md").write_text("of the commit before")
    printed = run_steps(proposed, ["report", "--output=comment.md", "--tolerance=1", "--behaviour_tolerance=1"])
    text = (proposed / "comment.md").read_text()
    assert printed.endswith("report: written to comment.md\n")
    header, decision, verdict, *_ = text.split("\n\n")
    assert header.startswith("### sentiment: simple, test accuracy 0.")
    assert decision.startswith("**It would become champion** in place of version 1: test accuracy 0.")
    assert "on the same" in decision and "95% interval" in decision and "simple is the only family" in verdict
    table = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    assert [line[0] for line in table[:5] if line[0] != "---"] == [
        "family",
        "simple",
        "champion, version 1 (simple)",
        "majority class",
    ]
    assert table[0][3] == "95% interval" and " to " in table[2][3] and " to " in table[3][3]
    folded = text.partition("Behaviour tests</summary>")[2]
    assert "| capability | kind | tests | fail | of the champion's |" in folded and "| accuracy | passed |" in text
    run = runs(proposed, "report")[0]
    assert run.data.tags["gate"] == "passed"
    with store(proposed) as client:
        assert promotions.get_champion_version("sentiment") == "1"  # nothing was registered or promoted
        assert len(client.search_model_versions("name = 'sentiment'")) == 1


def test_a_winner_that_does_not_pass_fails_the_check_after_the_report_is_written(proposed):
    asked = ["--output=failed.md", "--gates=accuracy>=0.999", "--fail_on_gate=true"]
    process = run_step("report", *asked, cwd=proposed)
    assert process.returncode == 3 and process.stderr.count("\n") == 1
    assert "does not pass the gate: minimum_accuracy: " in process.stderr
    assert "**It would not become champion**: minimum_accuracy: " in (proposed / "failed.md").read_text()


def test_a_version_is_reported_by_its_alias_and_a_model_without_champion_too(proposed):
    printed = run_steps(proposed, ["report", "--version=champion"])
    assert "**It is already the champion**." in printed
    assert "**It would be the first champion**: there was no champion." in run_steps(
        proposed, ["report", "--registered_model=unheard"]
    )
    for wrong in ("9", "newest"):
        process = run_here("report", f"--version={wrong}", cwd=proposed)
        assert process.returncode == 1 and process.stderr.startswith(f"error: version={wrong}: sentiment has no such")
        assert process.stderr.count("\n") == 1
