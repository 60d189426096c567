"""What steps leave is recorded with its SHA-256, and compared when it is read."""

import os
import shutil
import tempfile
from pathlib import Path

import mlflow
import numpy as np
import pytest

from sentiment.artifacts import artifacts
from sentiment.errors import UserError
from sentiment.results import check_manifest, load_model, manifest, model_files, write_manifest
from sentiment.workflow.reuse import find_twin

TAGS = {"step.fingerprint": "abc", "step.output_digest": "def", "mlflow.project.entryPoint": "featurize"}


def run_featurize(folder, recorded=True, **tags):
    """A finished run that left ``features/``, and has recorded that; its id."""
    (folder / "features").mkdir(exist_ok=True)
    np.save(folder / "features" / "train_ids.npy", np.arange(1000))
    (folder / "features" / "terms.txt").write_text("good\nbad\n")
    with mlflow.start_run(tags=TAGS | tags) as run:
        mlflow.log_artifacts(str(folder / "features"), "features")
        mlflow.log_dict({"winner": "simple"}, "comparison.json")
        if recorded:
            write_manifest([])
    return run.info.run_id


def flip_a_bit(file):
    content = bytearray(file.read_bytes())
    content[-5] ^= 1
    file.write_bytes(content)


def truncate(file):
    os.truncate(file, file.stat().st_size // 2)


def remove_folder(file):
    shutil.rmtree(file.parent)


@pytest.mark.parametrize("damage", [flip_a_bit, truncate, Path.unlink, remove_folder])
def test_a_result_that_is_not_what_the_step_left_is_refused_and_not_reused(damage, tracked, tmp_path, capsys):
    run_id = run_featurize(tmp_path)
    with mlflow.start_run():
        assert find_twin("featurize", "abc").info.run_id == run_id and capsys.readouterr().out == ""
        damage(artifacts(run_id, "features") / "train_ids.npy")
        with pytest.raises(
            UserError, match=f"the artifact features of run {run_id} cannot be used .*run that step again"
        ):
            artifacts(run_id, "features")
        assert artifacts(run_id, "comparison.json").is_file()
        assert find_twin("featurize", "abc") is None
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(f"featurize: the result of run {run_id} is not reused: the artifact features")


def test_who_builds_on_a_damaged_result_gets_that_of_a_run_with_the_same(tracked, tmp_path):
    first, second = run_featurize(tmp_path), run_featurize(tmp_path)
    run_featurize(tmp_path, recorded=False)  # nothing says that it is intact
    run_featurize(tmp_path, **{"mlflow.project.entryPoint": "train"})
    tracked.set_terminated(run_featurize(tmp_path), "FAILED")
    truncate(artifacts(first, "features") / "terms.txt")
    assert second in str(artifacts(first, "features"))
    with pytest.raises(UserError, match="cannot be used"):
        check_manifest(tracked.get_run(first))


def test_bytecode_that_python_leaves_beside_code_is_no_damage(tracked, tmp_path):
    run_id = run_featurize(tmp_path)
    (artifacts(run_id, "features") / "__pycache__").mkdir()
    (artifacts(run_id, "features") / "__pycache__" / "pyfunc.pyc").write_bytes(b"1")
    check_manifest(tracked.get_run(run_id))


class Constant(mlflow.pyfunc.PythonModel):
    def predict(self, model_input: list[str]) -> list[str]:
        return ["good" for _ in model_input]


def test_a_damaged_model_is_refused_under_each_of_its_names_and_fails_what_points_to_it(tracked):
    with mlflow.start_run() as tune:
        uri = mlflow.pyfunc.log_model(name="model", python_model=Constant(), pip_requirements=[]).model_uri
        mlflow.set_tag("model_uri", uri)
        write_manifest([])
    with mlflow.start_run() as compare:
        write_manifest([tracked.get_run(tune.info.run_id)])
    assert uri in manifest(tracked.get_run(compare.info.run_id))
    mlflow.register_model(uri, "m")
    mlflow.pyfunc.load_model("models:/m/1")  # MLflow notes the version beside the model
    assert model_files("models:/m/1") == model_files(uri)
    check_manifest(tracked.get_run(compare.info.run_id))
    truncate(model_files(uri) / "python_model.pkl")
    for name in (uri, "models:/m/1"):
        with pytest.raises(UserError, match=f"the model {name} cannot be used: it has changed"):
            model_files(name)
    with pytest.raises(UserError, match="cannot be used"):
        check_manifest(tracked.get_run(compare.info.run_id))


def test_a_copied_version_is_checked_and_outlives_the_version_that_it_was_copied_from(tracked):
    with mlflow.start_run():
        uri = mlflow.pyfunc.log_model(name="model", python_model=Constant(), pip_requirements=[]).model_uri
        mlflow.set_tag("model_uri", uri)
        write_manifest([])
    mlflow.register_model(uri, "m")
    tracked.copy_model_version("models:/m/1", "prod")
    assert model_files("models:/prod/1") == model_files(uri)
    tracked.delete_registered_model("m")
    assert load_model("models:/prod/1").predict(["a gem"]) == ["good"]
    truncate(model_files(uri) / "python_model.pkl")
    with pytest.raises(UserError, match="the model models:/prod/1 cannot be used: it has changed"):
        model_files("models:/prod/1")
    for damaged in ("[", "", "- a list"):
        (Path(tracked.get_model_version_download_uri("prod", "1")) / "MLmodel").write_text(damaged)
        with pytest.raises(UserError, match="the model models:/prod/1 cannot be used: its file MLmodel is damaged"):
            model_files("models:/prod/1")


def test_a_version_whose_files_are_of_another_server_is_used_as_it_is(tracked, tmp_path):
    mlflow.pyfunc.save_model(tmp_path / "model", python_model=Constant(), pip_requirements=[])
    file = tmp_path / "model" / "MLmodel"
    file.write_text(file.read_text() + "model_id: m-0123\n")
    tracked.create_registered_model("m")
    tracked.create_model_version("m", str(tmp_path / "model"))
    assert load_model("models:/m/1").predict(["a gem"]) == ["good"]


@pytest.fixture
def model_elsewhere(tracked, tmp_path, monkeypatch):
    """A model in a store of another machine: its URI, and what is in this machine's folder for temporary files."""
    with mlflow.start_run():
        uri = mlflow.pyfunc.log_model(name="model", python_model=Constant(), pip_requirements=[]).model_uri
        mlflow.set_tag("model_uri", uri)
        write_manifest([])

    def copy(address, dst_path):
        return str(shutil.copytree(address, Path(dst_path, "model")))

    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    for module in ("results", "artifacts"):
        monkeypatch.setattr(f"sentiment.{module}.is_local_uri", lambda _: False)
    monkeypatch.setattr(mlflow.artifacts, "download_artifacts", copy)
    return uri, temporary


def test_a_model_elsewhere_is_copied_once_and_a_damaged_copy_is_not_kept(model_elsewhere, monkeypatch):
    uri, temporary = model_elsewhere
    copy = mlflow.artifacts.download_artifacts

    def copy_half(address, dst_path):
        truncate(Path(copy(address, dst_path), "python_model.pkl"))
        return str(Path(dst_path, "model"))

    with monkeypatch.context() as damaged, pytest.raises(UserError, match="cannot be used: it has changed"):
        damaged.setattr(mlflow.artifacts, "download_artifacts", copy_half)
        model_files(uri)
    assert list(temporary.iterdir()) == []  # a server tries it every few minutes
    assert model_files(uri) == model_files(uri) and len(list(temporary.iterdir())) == 1


def test_a_model_elsewhere_is_copied_again_where_the_copy_or_the_folder_of_it_was_removed(model_elsewhere):
    uri, temporary = model_elsewhere
    (model_files(uri) / "python_model.pkl").unlink()  # as systemd-tmpfiles does after some days
    assert load_model(uri).predict(["a gem"]) == ["good"]
    shutil.rmtree(temporary)
    assert load_model(uri).predict(["a gem"]) == ["good"]
