"""The smoke test of a package; that of a real one is in tests/system/test_package.py."""

import os
from types import SimpleNamespace

import pytest

from sentiment.deployment import trial


@pytest.mark.parametrize("platform, unit", [("darwin", 1), ("freebsd", 1024)])
def test_without_proc_the_memory_is_the_peak_and_not_that_of_the_moment(platform, unit, monkeypatch):
    ended = []
    process = SimpleNamespace(pid=0, kill=lambda: ended.append(True))  # there is no /proc/0
    monkeypatch.setattr(os, "wait4", lambda pid, options: (pid, 9, SimpleNamespace(ru_maxrss=500_000)))
    monkeypatch.setattr(trial.sys, "platform", platform)
    assert trial._peak_memory(process) == 500_000 * unit and ended == [True]
