"""The steps of a chain: each is run under the active run, or a finished run that has its result is taken.

A step that has to run is started when the steps that it builds on are about to do their work. It waits for them by
itself (:func:`sentiment.workflow.upstream.finished`), so that the imports of one step go on beside the work of another.
"""

import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial

import mlflow

from sentiment.tracking import ENTRY_POINT, REUSED, finished_runs, with_result
from sentiment.workflow.launch import launch, written
from sentiment.workflow.parameters import declared, parse
from sentiment.workflow.reuse import find_twin, step_fingerprint
from sentiment.workflow.stopping import PARENT
from sentiment.workflow.upstream import fill_in

MOST_AT_ONCE = 64  # steps of a chain; each has a thread that waits for its process


class Chain:
    """Starts steps under the active run and hands the run of one to the other.

    Args:
        given: dict of the parameters that are handed on to every step that declares them.
        reuse: whether finished runs are taken.
    """

    def __init__(self, given, reuse):
        self._given = given
        self._reuse = reuse
        self._main = mlflow.active_run().info
        self._steps = []
        # MLflow nests a run under the one that is active in the same thread.
        nest = partial(mlflow.start_run, run_id=self._main.run_id)
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, initializer=nest)

    def start(self, entry_point, **handed_on):
        """Start a step, or take a finished run that has its result.

        Args:
            entry_point: name of the entry point.
            handed_on: its own parameters; a :class:`Step`, or a list of them, stands for their runs.

        Returns:
            A :class:`Step`.
        """
        name = handed_on.get("family", entry_point)
        own = {key: self._given[key] for key in declared(entry_point) if key in self._given} | {
            key: _run_ids(value) for key, value in handed_on.items()
        }
        step = Step(name, [before for value in handed_on.values() for before in _steps(value)])
        self._steps.append(step)
        # One step ahead is enough: more would take the processor from those that have work to do. And where there is an
        # earlier result, it has to be seen first whether it still holds.
        ahead = not (self._reuse and finished_runs(entry_point, max_results=1))
        wait([before.run for last in step.after for before in (last.after if ahead else [last])])
        if any(other.run.done() and other.run.exception() for other in self._steps):
            self.finish()
        if self._reuse and not ahead:
            step.take(self._twin(entry_point, own))
        if not step.run.done():
            process = self._threads.submit(launch, entry_point, own, run_name=name)
            process.add_done_callback(step.finish)
            step.run_id = self._run_id(entry_point, own.get("family"), process)
        return step

    def finish(self):
        """Wait for all steps; raises what the first of them that failed did, once all have ended."""
        self._threads.shutdown()
        for step in self._steps:
            step.run.result()

    def report(self):
        """A line a step: whether it ran or was reused, its run, how long it took and how long that saved."""
        return "\n".join(step.line() for step in self._steps)

    def _twin(self, entry_point, own):
        """A finished run with the result, found here: a process of the step's own would cost seconds to find it."""
        parameters = parse(entry_point, [f"--{key}={written(value)}" for key, value in own.items()])
        fill_in(entry_point, parameters)
        digest = step_fingerprint(entry_point, parameters)
        return find_twin(entry_point, digest) if digest else None

    def _run_id(self, entry_point, family, process):
        """The id of the run that ``mlflow.run`` is making for a step; it returns only when the step has finished."""
        below = f"tags.`{PARENT}` = '{self._main.run_id}' and tags.`{ENTRY_POINT}` = '{entry_point}'"
        below += f" and params.family = '{family}'" if family else ""
        while not process.done():
            if found := mlflow.MlflowClient().search_runs([self._main.experiment_id], below):
                return found[0].info.run_id
            time.sleep(0.05)
        return process.result()


class Step:
    """A step of a chain that is done or on its way.

    Args:
        name: the step, with the family where there is one.
        after: list of the steps that it builds on.

    Attributes:
        run_id: the run of the step, or the earlier one that has its result.
        run: a future of the finished run that has the result.
    """

    def __init__(self, name, after):
        self.name = name
        self.after = after
        self.run_id = None
        self.run = Future()
        self._reused = False

    def take(self, twin):
        """Take the result of a finished run, if there is one."""
        if twin is not None:
            print(f"{self.name}: nothing changed since run {twin.info.run_id}, reused", flush=True)
            self._reused, self.run_id = True, twin.info.run_id
            self.run.set_result(twin)

    def finish(self, process):
        """Take the result of the step's process, the future of :func:`launch`."""
        if error := process.exception():
            self.run.set_exception(error)
            return
        run = mlflow.get_run(process.result())
        self._reused = REUSED in run.data.tags
        self.run.set_result(with_result(run))

    def line(self):
        """What became of it."""
        run = self.run.result()
        seconds = run.data.metrics.get("step_seconds", 0.0)
        did = (
            f"reused  {run.info.run_id}, saved {seconds:.1f} s"
            if self._reused
            else f"ran     {run.info.run_id} {seconds:6.1f} s"
        )
        return f"{self.name:<12} {did}"


def _steps(value):
    """The steps that a parameter stands for."""
    values = value if isinstance(value, list) else [value]
    return [step for step in values if isinstance(step, Step)]


def _run_ids(value):
    """A parameter with the ids of runs in place of steps."""
    if isinstance(value, list):
        return [_run_ids(one) for one in value]
    return value.run_id if isinstance(value, Step) else value
