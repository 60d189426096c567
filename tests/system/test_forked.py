"""The scripts that stand for forked processes: what happens to one happens to the other."""

import signal
import subprocess

import psutil
import pytest

from sentiment.tracking import PROCESS
from tests.conftest import PROJECT, runs
from tests.system.processes import forking_environment, wait_for


@pytest.mark.parametrize("number, status", [(signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_signal_reaches_the_forked_process(features, number, status):
    command = ["python", "-m", "steps", "tune", "--max_evals=100000"]
    script = subprocess.Popen(command, cwd=features, env=forking_environment(PYTHONPATH=str(PROJECT)))

    def begun():
        return [run for run in runs(features, "tune") if run.info.status == "RUNNING" and PROCESS in run.data.tags]

    (run,) = wait_for(begun)
    forked = psutil.Process(int(run.data.tags[PROCESS].split()[1]))
    assert forked.pid != script.pid
    script.send_signal(number)
    assert script.wait(60) == status
    wait_for(lambda: not forked.is_running() or forked.status() == psutil.STATUS_ZOMBIE, 10)
    assert runs(features, "tune")[0].info.status == ("KILLED" if number == signal.SIGTERM else "RUNNING")
