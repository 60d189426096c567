"""What happens before the first import of a step's process."""

import atexit
import os

import matplotlib

from sentiment.paths import PROJECT_ROOT
from steps.__main__ import find_modules_of_the_project, give_matplotlib_a_folder


def test_matplotlib_warns_of_nothing_and_leaves_nothing_to_remove_where_the_home_cannot_be_written(
    tmp_path, monkeypatch, caplog
):
    (tmp_path / "home").touch()  # root may write into every folder
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "MPLCONFIGDIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    at_the_end = []
    monkeypatch.setattr(atexit, "register", lambda *call: at_the_end.append(call))
    give_matplotlib_a_folder(str(tmp_path / "scratch"))
    folders = {find.__wrapped__() for find in (matplotlib.get_configdir, matplotlib.get_cachedir)}
    assert folders == {str(tmp_path / "scratch" / "matplotlib")} and at_the_end == [] and caplog.text == ""


def test_matplotlib_keeps_its_files_where_it_can(tmp_path, monkeypatch):
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "MPLCONFIGDIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    give_matplotlib_a_folder(str(tmp_path / "scratch"))
    assert matplotlib.get_cachedir.__wrapped__() == str(tmp_path / ".cache" / "matplotlib")


def test_processes_below_find_the_project_first_and_then_what_the_user_has_given(monkeypatch):
    monkeypatch.setenv("PYTHONSAFEPATH", "")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", "/home/ada/lib", str(PROJECT_ROOT)]))
    find_modules_of_the_project()
    assert os.environ["PYTHONPATH"] == os.pathsep.join([str(PROJECT_ROOT), "/home/ada/lib"])
    assert os.environ["PYTHONSAFEPATH"] == "1"
