"""Trials as tasks of a Spark cluster, one Spark job a trial."""

import os
import pickle
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from py4j.protocol import Py4JError
from pyspark import SparkFiles, cloudpickle
from pyspark.errors import PySparkException

from sentiment.paths import PROJECT_ROOT
from sentiment.search.spark_session import reason, session

PROJECT = "project"  # folder of the project's files on a worker


class SparkWorkers:
    """Runs functions on the workers of a Spark cluster; they need the pinned requirements, the project is sent to them.

    hyperopt's SparkTrials does that for hyperopt's ``fmin`` alone: no other tuner, no first point, trials that depend on
    which ended first. And its tasks leave their input unread, so that Spark ends a worker's process with each of them,
    and the next trial imports TensorFlow again.

    Args:
        master: URL of the cluster, ``spark://host:port``, or ``local[n]`` for n processes of this machine.
        count: calls at a time; 0 for the n of ``local[n]``.

    Attributes:
        count: calls at a time.
        has_room: says that Spark has room: a job that finds no slot waits for one.
        here: whether what is submitted runs in this process.

    Raises:
        UserError: Spark does not start.
    """

    here = False

    def __init__(self, master, count):
        settings = {"spark.task.maxFailures": "1"}  # a trial that failed is a failed trial
        self._context = session(master, "tune", settings).sparkContext
        self.count = count or self._context.defaultParallelism
        self.has_room = lambda going: True
        self._folder = tempfile.TemporaryDirectory()  # from where the workers fetch the project
        self._context.addArchive(f"{_archive(Path(self._folder.name))}#{PROJECT}")
        cloudpickle.register_pickle_by_value(sys.modules[__name__])  # a worker has this module before the project
        self._threads = ThreadPoolExecutor(self.count)  # each waits for a job

    def submit(self, function, *arguments):
        """The future of a call. It ends in RuntimeError where its task fails, which costs that call alone."""
        return self._threads.submit(self._run, cloudpickle.dumps((function, arguments)))

    def close(self):
        self._context.cancelAllJobs()  # those of a search that was given up
        self._threads.shutdown()
        self._context.stop()
        self._folder.cleanup()

    def _run(self, call):
        try:
            return self._context.parallelize([call], 1).map(_on_worker).collect()[0]
        except (Py4JError, PySparkException) as error:
            raise RuntimeError(f"its Spark task failed: {reason(error)}") from error


def _on_worker(call):
    """Run a pickled function with its arguments."""
    project = SparkFiles.get(PROJECT)
    if project not in sys.path:
        sys.path.insert(0, project)
        tempfile.tempdir = SparkFiles.getRootDirectory()  # Spark clears it away
    from sentiment.search.workers import begin, thread_limits

    begin()
    os.environ |= thread_limits(1)  # Spark has set OMP_NUM_THREADS to the cores of a task
    function, arguments = pickle.loads(call)
    return function(*arguments)


def _archive(folder):
    """A zip file with what trials need of the project."""
    files = folder / PROJECT
    for name in ("steps", "sentiment"):
        shutil.copytree(PROJECT_ROOT / name, files / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("MLproject", "requirements.txt"):
        shutil.copy(PROJECT_ROOT / name, files)
    return shutil.make_archive(str(files), "zip", files)
