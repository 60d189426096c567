"""Which comparison report takes where none is named, in this process."""

import time

import mlflow

from steps.report import find_latest_comparison


def test_a_comparison_that_the_latest_chain_has_reused_comes_before_one_that_another_chain_has_made(tracked):
    def run(entry_point, **tags):
        made = tracked.create_run("0", tags={"mlflow.project.entryPoint": entry_point} | tags).info.run_id
        tracked.set_terminated(made)
        time.sleep(0.002)  # the store orders runs by milliseconds
        return made

    with mlflow.start_run():
        first = run("compare")
        assert find_latest_comparison().info.run_id == first  # by hand, before there was any chain
        run("main", compare_run=first)
        run("main", compare_run=run("compare"))  # of another corpus, say
        run("main", compare_run=first)
        assert find_latest_comparison().info.run_id == first
        by_hand = run("compare")
        assert find_latest_comparison().info.run_id == by_hand
