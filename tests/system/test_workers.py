import os
import signal
import time
from concurrent.futures.process import BrokenProcessPool
from types import SimpleNamespace

import numpy as np
import pytest

from sentiment.search.workers import Workers


def slow(seconds, value):
    time.sleep(seconds)
    return value, os.getpid()


def die(seconds):
    time.sleep(seconds)
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def workers():
    started = Workers(2)
    yield started
    started.close()


def test_workers_stay_up_and_run_beside_each_other(workers):
    first = [workers.submit(slow, 0.5, number) for number in range(2)]
    assert [future.result()[0] for future in first] == [0, 1]
    pids = {future.result()[1] for future in first}
    second = [workers.submit(slow, 0.5, number) for number in range(2)]
    assert len(pids) == 2 and {future.result()[1] for future in second} == pids and os.getpid() not in pids


def test_a_worker_that_dies_takes_its_call_along_and_no_other(workers):
    victim, other = workers.submit(die, 1), workers.submit(slow, 3, "other")
    with pytest.raises(BrokenProcessPool):
        victim.result(timeout=60)
    assert other.result(timeout=60)[0] == "other"
    assert workers.submit(slow, 0.1, "next").result(timeout=60)[0] == "next"


def test_of_a_worker_that_is_killed_the_trial_says_so_and_at_which_size(workers, tmp_path):
    # Here, since each worker imports this file.
    from sentiment.model.training import Training
    from sentiment.search.fitting import TrialConfig
    from sentiment.search.runner import TrialRunner

    np.save(tmp_path / "train_labels.npy", np.zeros(1234, dtype=np.int32))
    trial = SimpleNamespace(run_id="run", name="trial", fail=lambda error: None)
    killed = SimpleNamespace(here=False, submit=lambda *_: workers.submit(die, 0))
    runner = TrialRunner(
        TrialConfig("simple", str(tmp_path), "", Training(), ""),
        False,
        SimpleNamespace(recover=lambda number, params, seed, epochs: trial),
        {},
        killed,
        SimpleNamespace(show_trial=lambda outcome: None),
        None,
        lambda: None,
    )
    error = runner.begin(1, {}, None, []).result(timeout=60).error
    assert error.startswith(
        "UserError: its process was killed from outside at 1,234 texts, most likely because the memory"
    )


def test_one_worker_is_this_process():
    assert Workers(1).submit(slow, 0, "here").result() == ("here", os.getpid())
