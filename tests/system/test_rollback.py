"""The entry point that puts a former champion back."""

from sentiment.registry import promotions
from tests.conftest import runs
from tests.system.processes import run_here, run_step


def test_rollback_puts_the_former_champion_back_and_says_who_did_what_and_why(tracked, tmp_path):
    process = run_here("rollback", cwd=tmp_path)
    assert process.returncode == 1 and "registered_model=sentiment: there is no such model" in process.stderr
    tracked.create_registered_model("sentiment")
    files = tmp_path / "model"
    files.mkdir()
    (files / "MLmodel").write_text("{}")
    for _ in range(3):
        tracked.create_model_version("sentiment", files.as_uri())
    promotions.promote("sentiment", "1", None, "the first")
    process = run_here("rollback", cwd=tmp_path)
    assert process.returncode == 1 and "sentiment has no earlier champion" in process.stderr
    promotions.promote("sentiment", "2", "1", "half a point better")

    gone = files.rename(tmp_path / "gone")
    process = run_here("rollback", cwd=tmp_path)
    assert process.returncode == 1 and "the model models:/sentiment/1 cannot be used: " in process.stderr
    assert "if it is lost for good, delete version 1 to go back to the one before it" in process.stderr
    assert promotions.get_champion_version("sentiment") == "2"
    gone.rename(files)
    process = run_step("rollback", "--reason=calls 'fine' negative", cwd=tmp_path)
    assert process.returncode == 0, process.stderr
    assert tracked.get_model_version_by_alias("sentiment", "champion").version in (1, "1")
    assert "half a point better" in process.stdout and "calls 'fine' negative" in process.stdout
    assert "version 1 is champion again, in place of 2" in process.stdout
    last = promotions.read("sentiment")[-1]
    assert (last.version, last.replaces, last.rollback, last.why) == ("1", "2", True, "calls 'fine' negative")
    assert last.run == runs(tmp_path, "rollback")[0].info.run_id
    assert "Traceback" not in process.stderr

    promotions.promote("sentiment", "3", "1", "better")
    tracked.delete_model_version("sentiment", "3")
    process = run_step("rollback", cwd=tmp_path)
    assert process.returncode == 0 and "version 1 is champion again, in place of one that was deleted" in process.stdout
