"""Promotions in several processes at once, and in one that is killed."""

import multiprocessing
import os

import mlflow
import pytest

from sentiment.registry import promotions
from sentiment.registry.promotions import promote
from sentiment.registry.trail import drop_void

pytestmark = pytest.mark.usefixtures("forking_workers")


@pytest.fixture
def versions(tracked):
    """A registered model ``m`` with versions; what they hold does not matter here."""
    tracked.create_registered_model("m")
    for _ in range(4):
        tracked.create_model_version("m", "file:///nowhere")
    return tracked


def aliases(client):
    return {alias: int(version) for alias, version in client.get_registered_model("m").aliases.items()}


def at_the_same_moment(uri, version, begin, results):
    mlflow.set_tracking_uri(uri)
    begin.wait()
    results.put((version, promote("m", version, None, "the first")))


def test_of_promotions_at_the_same_moment_one_wins_and_all_are_in_the_trail(versions):
    context = multiprocessing.get_context("spawn")
    begin, results = context.Barrier(4), context.Queue()
    processes = [
        context.Process(target=at_the_same_moment, args=(mlflow.get_tracking_uri(), version, begin, results))
        for version in ("1", "2", "3", "4")
    ]
    for process in processes:
        process.start()
    said = dict(results.get(timeout=120) for _ in processes)
    for process in processes:
        process.join()
    (winner,) = [version for version, done in said.items() if done]
    assert aliases(versions) == {"champion": int(winner)}
    # Who saw the new champion before writing anything down is not in the trail; who met it at the moment is, as void.
    assert [entry.version for entry in drop_void(promotions.read("m"))] == [winner]


def killed_in_between(uri):
    mlflow.set_tracking_uri(uri)
    promotions.update_aliases = lambda name: os.kill(os.getpid(), 9)
    promote("m", "2", "1", "better")


def test_a_killed_promotion_leaves_one_champion_and_is_finished_by_the_next(versions):
    promote("m", "1", None, "the first")
    process = multiprocessing.get_context("spawn").Process(target=killed_in_between, args=(mlflow.get_tracking_uri(),))
    process.start()
    process.join()
    assert process.exitcode == -9
    assert aliases(versions) == {"champion": 1}
    assert not promote("m", "3", "1", "better")  # the killed one was first
    assert aliases(versions) == {"champion": 2, "previous": 1}
    assert promote("m", "3", "2", "better")
    assert aliases(versions) == {"champion": 3, "previous": 2}
