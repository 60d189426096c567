"""Which finished run has the result of a step."""

import mlflow
import pytest

from sentiment.workflow.reuse import find_twin


@pytest.mark.parametrize("status", ["FAILED", "KILLED", "RUNNING"])
def test_only_a_finished_twin_is_taken(tracked, status):
    with mlflow.start_run():
        tags = {"step.fingerprint": "abc", "mlflow.project.entryPoint": "compare"}
        unfinished = tracked.create_run("0", tags=tags)  # as a process leaves it that is killed before its last line
        tracked.log_dict(unfinished.info.run_id, {}, "comparison.json")
        tracked.update_run(unfinished.info.run_id, status="FINISHED")
        twin = tracked.create_run("0", tags=tags | {"step.output_digest": "def"})
        tracked.log_dict(twin.info.run_id, {}, "comparison.json")
        tracked.update_run(twin.info.run_id, status=status)
        assert find_twin("compare", "abc") is None
        tracked.update_run(twin.info.run_id, status="FINISHED")
        assert find_twin("compare", "abc").info.run_id == twin.info.run_id
        assert find_twin("compare", "abd") is None and find_twin("ingest", "abc") is None
