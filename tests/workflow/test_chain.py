"""A chain ends as soon as one of its steps fails."""

import threading

import mlflow
import pytest

from sentiment.errors import UserError
from sentiment.workflow import chain as module
from sentiment.workflow.chain import Chain


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
