"""The comment on a pull request, in this process."""

import pytest

from sentiment.registry import gate
from sentiment.registry.checks import comparable
from sentiment.workflow.parameters import RegisterParameters, ReportParameters
from steps.register import register
from steps.report import report
from tests.steps.test_compare import run_step


@pytest.mark.parametrize(
    "force, expected",
    [
        (
            False,
            "**It would not become champion**: comparable: champion version 1 has no tag ingest_run, so its",
        ),
        (True, "**It would become champion** in place of version 1: champion version 1 has no tag ingest_run"),
    ],
)
def test_a_champion_that_was_made_by_hand_is_named_as_one(
    tracked, log_comparison, monkeypatch, capsys, force, expected
):
    tracked.create_registered_model("sentiment")
    tracked.create_model_version("sentiment", "file:///nowhere")
    tracked.set_registered_model_alias("sentiment", "champion", "1")
    monkeypatch.setattr(gate, "CHECKS", (comparable.check,))
    run = log_comparison("a")
    run_step(report, ReportParameters(compare_run=run.info.run_id, force=force))
    assert expected in capsys.readouterr().out


def test_the_row_of_a_champion_of_other_splits_is_not_said_to_be_of_the_same_texts(tracked, log_comparison, capsys):
    run_step(register, RegisterParameters(), log_comparison("a"))
    proposed = log_comparison("b").info.run_id
    for digest, differs in (("1", False), ("2", True)):
        tracked.set_tag(proposed, "dataset.digest", digest)
        capsys.readouterr()
        run = run_step(report, ReportParameters(compare_run=proposed))
        assert ("was measured on the test split of another dataset" in capsys.readouterr().out) == differs
        assert run.data.tags["gate"] == "passed"
    run = run_step(report, ReportParameters(compare_run=proposed, gates="accuracy>=0.99"))
    assert run.data.tags["gate"] == "failed"
