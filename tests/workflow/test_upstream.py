"""The runs that a step by hand builds on."""

import time

import mlflow
import pytest

from sentiment.errors import UserError
from sentiment.workflow import upstream
from sentiment.workflow.chain import Chain
from sentiment.workflow.command_line import parse
from sentiment.workflow.upstream import find_inputs, find_latest, find_run, find_tune_runs


def test_a_run_that_the_latest_chain_has_reused_comes_before_one_that_another_chain_has_made(tracked):
    def run(entry_point, status="FINISHED", **tags):
        made = tracked.create_run("0", tags={"mlflow.project.entryPoint": entry_point} | tags).info.run_id
        tracked.set_terminated(made, status)
        time.sleep(0.002)  # the store orders runs by milliseconds
        return made

    def latest(entry_point):
        return find_latest(entry_point).info.run_id

    def tuned():
        return [found.info.run_id for found in find_tune_runs(())]

    with mlflow.start_run():
        first = run("compare")
        assert latest("compare") == first  # by hand, before there was any chain
        searches = [run("tune", featurize_run=features, family="simple") for features in "ab"]
        assert tuned() == searches[1:]
        run("main", tune_run=searches[1], compare_run=run("compare"))  # of another corpus, say
        run("main", tune_run=searches[0], compare_run=first)
        assert latest("compare") == first and tuned() == searches[:1] and find_latest("featurize") is None
        second = run("compare")
        assert latest("compare") == second
        run("main", compare_run=second)
        run("compare", **{"step.reused": first})  # the same once more by hand: what it has found is the latest
        assert latest("compare") == first
        run("main", compare_run=second)
        tracked.delete_run(second)
        assert latest("compare") == first
        third = run("compare")
        run("main", "FAILED", compare_run=first)  # by its gate, after all steps
        assert latest("compare") == first
        run("main")  # of another project
        run("main", "FAILED")  # at one of its steps
        assert latest("compare") == first
        run("main", compare_run=third)
        run("compare", "FAILED")
        assert latest("compare") == third
        dense = run("tune", featurize_run="b", family="dense")
        run("main", tune_run=f"{searches[0]},{dense}", compare_run=third)
        assert sorted(tuned()) == sorted([searches[0], dense])
        tracked.delete_run(dense)  # the rest is not what was compared
        assert tuned() == searches[1:]


def test_what_the_latest_chain_used_is_found_however_many_runs_there_are_since(tracked, monkeypatch):
    made = {}
    for name, entry_point, family in (
        ("ingest", "ingest", ""),
        ("tune", "tune", "simple"),
        ("other ingest", "ingest", ""),
        ("other tune", "tune", "lstm"),
    ):
        tags = {"mlflow.project.entryPoint": entry_point, "family": family, "featurize_run": "a"}
        made[name] = tracked.create_run("0", tags=tags, start_time=1 + len(made)).info.run_id
        tracked.set_terminated(made[name])
    tags = {"mlflow.project.entryPoint": "main", "compare_run": "a"}
    tags |= {"ingest_run": made["ingest"], "tune_run": made["tune"]}
    tracked.set_terminated(tracked.create_run("0", tags=tags).info.run_id)
    cut = upstream.search_finished
    monkeypatch.setattr(upstream, "search_finished", lambda entry_point, max_results=1: cut(entry_point, 1))
    with mlflow.start_run():
        assert [run.info.run_id for run in find_tune_runs(())] == [made["tune"]]
        assert find_latest("ingest").info.run_id == made["ingest"]


def test_a_search_that_the_latest_chain_ran_itself_does_not_hide_the_one_that_it_reused(tracked):
    def run(entry_point, start, end, **tags):
        tags |= {"mlflow.project.entryPoint": entry_point, "featurize_run": "a"}
        made = tracked.create_run("0", tags=tags, start_time=start).info.run_id
        tracked.set_terminated(made, end_time=end)
        return made

    reused, _ = (run("tune", start, start, family="simple") for start in (1, 2))
    own = run("tune", 4, 4, family="dense")
    run("main", 3, 5, compare_run="b", tune_run=f"{reused},{own}")
    with mlflow.start_run():
        assert [found.info.run_id for found in find_tune_runs(())] == [reused, own]


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


def test_a_deleted_run_is_refused_with_the_command_that_restores_it(tracked):
    run_id = tracked.create_run("0", tags={"mlflow.project.entryPoint": "compare"}).info.run_id
    tracked.set_terminated(run_id)
    tracked.delete_run(run_id)
    with mlflow.start_run():
        with pytest.raises(UserError, match=f"was deleted: restore it with `mlflow runs restore --run-id {run_id}`"):
            find_run("compare_run", run_id, "compare")
        tracked.restore_run(run_id)
        assert find_run("compare_run", run_id, "compare").info.run_id == run_id


def test_a_run_that_reused_a_result_that_is_gone_is_left_out_and_told_of_where_it_is_named(tracked):
    def run(**tags):
        made = tracked.create_run("0", tags={"mlflow.project.entryPoint": "ingest"} | tags).info.run_id
        tracked.set_terminated(made)
        time.sleep(0.002)
        return made

    older, kept, removed = run(), run(), run()
    stubs = [run(**{"step.reused": "0" * 32}), run(**{"step.reused": removed})]  # of a run that was purged, and of one
    tracked.delete_run(removed)  # in the trash
    with mlflow.start_run():
        assert find_latest("ingest").info.run_id == kept
        for stub, advice in zip(stubs, ("run the ingest step again", f"mlflow runs restore --run-id {removed}")):
            with pytest.raises(UserError, match=f"run {stub} reused the result of run .*{advice}"):
                find_run("ingest_run", stub, "ingest")
        for deleted in (older, kept):
            tracked.delete_run(deleted)
        assert find_latest("ingest") is None
        assert Chain({}, reuse=True)._has_finished("ingest")  # as far as it asks: no traceback


def test_a_run_of_another_step_is_refused_and_so_is_one_that_failed_or_that_another_chain_still_makes(
    tracked, monkeypatch
):
    def refuse(*_):
        raise AssertionError("it waits for a run of another chain")

    monkeypatch.setattr("sentiment.runs.time.sleep", refuse)
    with mlflow.start_run(tags={"mlflow.parentRunId": "a"}):
        for entry_point, status, expected in (
            ("ingest", "FINISHED", "this is a run of ingest; expected the id of a compare run"),
            ("compare", "FAILED", "this run is FAILED; expected a finished compare run"),
            ("compare", "RUNNING", "this run is RUNNING; expected a finished compare run"),
        ):
            tags = {"mlflow.project.entryPoint": entry_point, "mlflow.parentRunId": "b"}
            run_id = tracked.create_run("0", tags=tags).info.run_id
            tracked.update_run(run_id, status)
            with pytest.raises(UserError, match=f"compare_run={run_id}: {expected}"):
                find_run("compare_run", run_id, "compare")


def test_a_step_builds_on_the_runs_that_its_parameter_names_or_on_one_that_is_run_first(tracked, monkeypatch, capsys):
    def run(entry_point, given=None, **tags):
        made = tracked.create_run("0", tags={"mlflow.project.entryPoint": entry_point} | tags).info.run_id
        tracked.set_terminated(made)
        return made

    def inputs(entry_point, *given):
        ((name, found),) = find_inputs(entry_point, parse(entry_point, list(given))).items()
        return name, [one.info.run_id for one in (found if isinstance(found, list) else [found])]

    with mlflow.start_run():
        with pytest.raises(UserError, match="there is no finished tune run to compare: run `mlflow run "):
            inputs("compare")
        with monkeypatch.context() as launching:
            launching.setattr(upstream, "launch", run)
            made = inputs("featurize")
        assert "ingest_run: there is no ingest run yet, so it runs now with its defaults" in capsys.readouterr().out
        assert inputs("featurize") == made and made[0] == "ingest_run"
        assert f"ingest_run: the latest ingest run, {made[1][0]}" in capsys.readouterr().out
        first, second = (run("tune", family="simple", featurize_run="0") for _ in range(2))
        assert inputs("compare", f"--tune_runs={first}") == ("tune_runs", [first])
        with pytest.raises(UserError, match="tune_runs has two runs of simple: expected one tune run for each family"):
            inputs("compare", f"--tune_runs={first},{second}")
        with pytest.raises(UserError, match=f"tune_runs={made[1][0]}: this is a run of ingest"):
            inputs("compare", f"--tune_runs={made[1][0]}")
