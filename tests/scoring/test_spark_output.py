"""What Spark has written takes the place of an older output, once it is complete."""

import pytest


def test_the_new_output_replaces_a_folder_and_a_file(tmp_path):
    pytest.importorskip("pyspark", reason="requirements-spark.txt is not installed")
    from sentiment.scoring.spark import take_its_place

    target = tmp_path / "scored.parquet"
    for old in ("folder", "file", None):
        if old == "folder":
            target.mkdir()
            (target / "old").touch()
        elif old == "file":
            target.write_text("old")
        new = tmp_path / "new"
        new.mkdir()
        (new / "part").touch()
        take_its_place(new, target)
        assert [path.name for path in tmp_path.rglob("*")] == ["scored.parquet", "part"]
        (target / "part").unlink()
        target.rmdir()


def test_a_failed_write_leaves_the_old_output(tmp_path):
    pytest.importorskip("pyspark", reason="requirements-spark.txt is not installed")
    from sentiment.scoring.spark import take_its_place

    target = tmp_path / "scored.csv"
    target.mkdir()
    (target / "part-0").write_text("old")
    with pytest.raises(FileNotFoundError):
        take_its_place(tmp_path / "missing", target)
    assert (target / "part-0").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["scored.csv"]


def test_an_output_whose_process_was_killed_before_the_new_one_had_its_name_comes_back(tmp_path):
    pytest.importorskip("pyspark", reason="requirements-spark.txt is not installed")
    from sentiment.scoring.spark import put_back

    target = tmp_path / "scored.csv"
    (tmp_path / ".scored.csv.old").mkdir()
    (tmp_path / ".scored.csv.old" / "part-0").write_text("old")
    put_back(target)
    assert (target / "part-0").read_text() == "old"
    (tmp_path / ".scored.csv.old").touch()  # of one that was killed a moment later
    put_back(target)
    assert (target / "part-0").read_text() == "old"
