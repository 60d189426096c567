"""The chain against a real tracking server, which keeps the artifacts too."""

import mlflow

from tests.conftest import files_in, run_project


def test_chain_on_a_tracking_server_leaves_nothing_on_the_callers_disk(server, tmp_path):
    caller, temporary = tmp_path / "caller", tmp_path / "temporary"
    caller.mkdir()
    temporary.mkdir()
    process = run_project(
        *("-P", "families=simple", "-P", "max_evals=2"), cwd=caller, MLFLOW_TRACKING_URI=server, TMPDIR=str(temporary)
    )
    assert process.returncode == 0, process.stderr[-3000:]
    assert list(caller.iterdir()) == files_in(temporary) == []
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(server)
    try:
        answer = mlflow.pyfunc.load_model("models:/sentiment@champion").predict(["A gem.", "Awful."])
    finally:
        mlflow.set_tracking_uri(before)
    assert set(answer["label"]) <= {"negative", "positive"}
