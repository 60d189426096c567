"""The runs that a step by hand builds on."""

import time

import mlflow

from sentiment.tracking import origin
from sentiment.workflow.upstream import find_latest, find_tune_runs


def test_a_run_that_the_latest_chain_has_reused_comes_before_one_that_another_chain_has_made(tracked):
    def run(entry_point, **tags):
        made = tracked.create_run("0", tags={"mlflow.project.entryPoint": entry_point} | tags).info.run_id
        tracked.set_terminated(made)
        time.sleep(0.002)  # the store orders runs by milliseconds
        return made

    with mlflow.start_run():
        features, first = run("featurize"), run("compare")
        assert find_latest("compare").info.run_id == first  # by hand, before there was any chain
        run("main", featurize_run=features, compare_run=first)
        others = run("featurize")  # of another corpus, say
        run("tune", featurize_run=features, family="simple")
        run("tune", featurize_run=others, family="simple")
        assert [origin(tuned).featurize_run for tuned in find_tune_runs(())] == [others]
        run("main", featurize_run=others, compare_run=run("compare"))
        run("main", featurize_run=features, compare_run=first)
        assert find_latest("compare").info.run_id == first and find_latest("featurize").info.run_id == features
        assert [origin(tuned).featurize_run for tuned in find_tune_runs(())] == [features]
        by_hand = run("compare")
        assert find_latest("compare").info.run_id == by_hand


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
