"""The chain against a real tracking server, which keeps the artifacts too."""

import mlflow

from tests.conftest import run_project


def test_chain_on_a_tracking_server_leaves_nothing_in_the_callers_folder(server, tmp_path):
    caller = tmp_path / "caller"
    caller.mkdir()
    process = run_project(*("-P", "families=simple", "-P", "max_evals=2"), cwd=caller, MLFLOW_TRACKING_URI=server)
    assert process.returncode == 0, process.stderr[-3000:]
    assert list(caller.iterdir()) == []
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(server)
    try:
        answer = mlflow.pyfunc.load_model("models:/sentiment@champion").predict(["A gem.", "Awful."])
    finally:
        mlflow.set_tracking_uri(before)
    assert set(answer["label"]) <= {"negative", "positive"}
