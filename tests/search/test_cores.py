"""Searches that share cores, each with locks of its own as in a process of its own."""

import os
import threading
import time

import pytest

from sentiment.errors import UserError
from sentiment.search import cores
from sentiment.search.cores import CORES, Cores, share_cores
from sentiment.search.workers import thread_limits


@pytest.fixture
def search(tmp_path, monkeypatch):
    monkeypatch.setenv(CORES, "")
    share_cores(tmp_path, 2)
    return lambda: Cores(tmp_path)


def test_a_search_takes_the_cores_that_others_leave(search):
    first, second = search(), search()
    assert first.has_room(0) and second.has_room(0)
    assert not first.has_room(1) and not second.has_room(1)
    del second  # its process has ended
    assert first.has_room(1) and not first.has_room(2)


def test_a_search_without_a_core_gets_one_when_a_trial_ends(search):
    alone, late = search(), search()
    assert alone.has_room(0) and alone.has_room(1)
    waiting = threading.Thread(target=late.has_room, args=(0,))
    waiting.start()
    time.sleep(0.5)
    assert not alone.has_room(2) and waiting.is_alive()
    assert not alone.has_room(1)  # a trial has ended, and its core goes to the other
    waiting.join(timeout=5)
    assert not waiting.is_alive() and not late.has_room(1) and late.waited > 0.4 > alone.waited
    assert alone.has_room(0)  # its first core is its own


@pytest.mark.parametrize(
    "files, expected",
    [
        ({}, 8),
        ({"cpu.max": "150000 100000"}, 2),
        ({"cpu.max": "max 100000"}, 8),
        ({"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "100000"}, 1),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 8),
    ],
)
def test_a_container_has_the_threads_of_its_own_cores(files, expected, tmp_path, monkeypatch):
    monkeypatch.setattr(cores, "CGROUP", tmp_path)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(8), raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{content}\n")
    assert set(thread_limits(1).values()) == {str(expected)}


def test_a_disk_without_locks_is_told_in_one_line(tmp_path, monkeypatch, no_locks):
    monkeypatch.setenv(CORES, "")
    with pytest.raises(UserError, match="core-[01] cannot be locked .*: set TMPDIR to a folder"):
        share_cores(tmp_path, 2)
