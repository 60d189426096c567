"""The comment on a pull request, in this process."""

import pytest

from sentiment.registry import gate
from sentiment.registry.checks import comparable
from sentiment.workflow.parameters import ReportParameters
from steps.report import report
from tests.steps.test_compare import run_step


@pytest.mark.parametrize(
    "force, expected",
    [
        (
            False,
            "**It would not become champion**: comparable: champion version 1 has no tag ingest_run, so nothing says",
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
