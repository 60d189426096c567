"""The runs that a step by hand builds on."""

import mlflow

from sentiment.workflow.upstream import find_tune_runs


def test_compare_by_hand_says_which_searches_it_takes_and_which_it_leaves_out(tracked, capsys):
    made = []
    for family, features in (("lstm", "old"), ("dense", "new"), ("simple", "new"), ("simple", "new")):
        tags = {"mlflow.project.entryPoint": "tune", "family": family, "featurize_run": features}
        made.append(tracked.create_run("0", tags=tags, start_time=1 + len(made)).info.run_id)
        tracked.set_terminated(made[-1])
    with mlflow.start_run():
        found = [run.info.run_id for run in find_tune_runs(())]
    _, dense, _, simple = made
    assert sorted(found) == sorted([dense, simple])
    said = capsys.readouterr().out
    assert f"dense {dense}" in said and f"simple {simple}" in said
    assert "latest on featurize run new" in said and "lstm left out, tuned on other features" in said
