"""A chain ends as soon as one of its steps fails."""

import threading

import mlflow
import pytest

from sentiment.errors import UserError
from sentiment.workflow import chain as module
from sentiment.workflow.chain import Chain


def test_a_step_that_found_a_result_by_itself_stands_for_the_run_that_has_it(tracked, monkeypatch):
    def launch(entry_point, values, run_name):
        return tracked.create_run("0", tags={"step.reused": earlier.info.run_id}).info.run_id

    monkeypatch.setattr(module, "launch", launch)
    with mlflow.start_run():
        earlier = tracked.create_run("0")
        tracked.log_metric(earlier.info.run_id, "step_seconds", 7.0)
        chain = Chain({}, reuse=False)
        step = chain.start("ingest")
        chain.finish()
    assert step.run.result().info.run_id == earlier.info.run_id
    assert chain.report().split() == ["ingest", "reused", earlier.info.run_id + ",", "saved", "7.0", "s"]


def test_each_step_has_its_own_run_and_begins_when_what_it_builds_on_is_about_to_work(tracked, monkeypatch):
    made, given, release = {}, {}, threading.Event()

    def launch(entry_point, values, run_name):
        given[run_name] = values, release.is_set()
        tags = {"mlflow.parentRunId": main.info.run_id, "mlflow.project.entryPoint": entry_point}
        made[run_name] = tracked.create_run("0", tags=tags).info.run_id
        if "family" in values:
            tracked.log_param(made[run_name], "family", values["family"])
        release.wait(30)
        return made[run_name]

    monkeypatch.setattr(module, "launch", launch)
    with mlflow.start_run() as main:
        chain = Chain({"epochs": 3}, reuse=False)
        ingest = chain.start("ingest")
        featurize = chain.start("featurize", ingest_run=ingest)
        assert given["featurize"] == ({"ingest_run": ingest.run_id}, False)  # while ingest is at work
        threading.Timer(0.1, release.set).start()
        searches = [chain.start("tune", family=family, featurize_run=featurize) for family in ("simple", "dense")]
        chain.finish()
    steps = [ingest, featurize, *searches]
    assert [step.run_id for step in steps] == [made[name] for name in ("ingest", "featurize", "simple", "dense")]
    for family in ("simple", "dense"):
        assert given[family] == ({"epochs": 3, "family": family, "featurize_run": made["featurize"]}, True)


def test_a_failed_step_is_reported_while_others_are_still_at_work(tracked, monkeypatch):
    release = threading.Event()

    def launch(entry_point, values, run_name):
        run = tracked.create_run(
            "0",
            tags={"mlflow.parentRunId": main.info.run_id, "mlflow.project.entryPoint": entry_point},
        )
        tracked.log_param(run.info.run_id, "family", values["family"])
        if values["family"] == "dense":
            raise UserError("dense failed")
        release.wait(30)
        return run.info.run_id

    monkeypatch.setattr(module, "launch", launch)
    with mlflow.start_run() as main:
        chain = Chain({}, reuse=False)
        chain.start("tune", family="simple")
        with pytest.raises(UserError, match="dense failed"):
            chain.start("tune", family="dense")
            chain.finish()
        assert not release.is_set()
        release.set()
        simple, _ = chain.steps
        assert simple.run.result(30).info.run_id == simple.run_id  # not after the test, in the folder of the project
