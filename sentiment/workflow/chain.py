"""The steps of a chain: each is run under the active run, or a finished run with its result is reused.

A step that must run is started when the steps that it builds on are about to do their work. It waits for them itself
(:func:`sentiment.runs.finished`), so that its imports overlap with their work.
"""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any

import mlflow
from mlflow.entities import Run

from sentiment.runs import search_finished, with_result
from sentiment.tracking import ENTRY_POINT, PARENT, REUSED, active_run
from sentiment.workflow.command_line import validate
from sentiment.workflow.launch import launch
from sentiment.workflow.reuse import find_twin, step_fingerprint
from sentiment.workflow.step_table import STEPS
from sentiment.workflow.upstream import find_inputs

MOST_AT_ONCE = 64  # steps of a chain; each has a thread that waits for its process


class ChainStep:
    """A step of a chain that is done or running.

    Args:
        name: the step, or the family of a search.
        after: the steps that it builds on.

    Attributes:
        run_id: the run of the step, or the earlier one with its result.
        run: a future of the finished run with the result.
    """

    def __init__(self, name: str, after: Sequence["ChainStep"]) -> None:
        self.name = name
        self.after = after
        self.run_id: str | None = None
        self.run: Future[Run] = Future()
        self._reused = False

    def reuse(self, twin: Run | None) -> None:
        """Take the result of a finished run, if there is one."""
        if twin is not None:
            print(f"{self.name}: nothing changed since run {twin.info.run_id}, reused", flush=True)
            self._reused, self.run_id = True, twin.info.run_id
            self.run.set_result(twin)

    def finish(self, process: "Future[str]") -> None:
        """Take the result of the step's process, the future of :func:`launch`."""
        try:
            run = mlflow.get_run(process.result())
            self._reused = REUSED in run.data.tags
            self.run.set_result(with_result(run))
        except BaseException as error:  # a callback would drop it, and the chain would wait forever
            self.run.set_exception(error)

    def describe(self) -> str:
        """One line: whether it ran or was reused, its run, the time that it took or saved, and its memory."""
        run = self.run.result()
        seconds = run.data.metrics.get("step_seconds", 0.0)
        did = (
            f"reused  {run.info.run_id}, saved {seconds:.1f} s"
            if self._reused
            else f"ran     {run.info.run_id} {seconds:6.1f} s {run.data.metrics.get('peak_memory_mb', 0.0):7,.0f} MB"
        )
        return f"{self.name:<12} {did}"


class Chain:
    """Starts steps under the active run and passes the run of one to the next.

    Args:
        given: parameters for every step that has them.
        reuse: whether finished runs are reused.

    Attributes:
        steps: those that have been started.
    """

    def __init__(self, given: Mapping[str, Any], reuse: bool) -> None:
        self._given = given
        self._reuse = reuse
        self._main = active_run().info
        self.steps: list[ChainStep] = []
        self._finished: set[str] = set()  # entry points with a finished run
        # MLflow nests a run under the active one of the same thread.
        nest = partial(mlflow.start_run, run_id=self._main.run_id)
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, initializer=nest)

    def start(self, entry_point: str, **own: Any) -> ChainStep:
        """Start a step, or reuse a finished run with its result.

        Args:
            entry_point: name of the step.
            own: its own parameters; a :class:`ChainStep`, or a list of them, means their runs.
        """
        name = own.get("family", entry_point)
        model = STEPS[entry_point].parameters
        values = {key: self._given[key] for key in model.model_fields if key in self._given}
        values |= {key: _run_ids(value) for key, value in own.items()}
        step = ChainStep(name, [before for value in own.values() for before in _steps_of(value)])
        self.steps.append(step)
        # One step ahead is enough: more would take CPU time from those at work. If there is an earlier result, the
        # inputs must be finished first to know whether it still holds.
        ahead = not (self._reuse and self._has_finished(entry_point))
        self._wait_for([before for last in step.after for before in (last.after if ahead else [last])])
        if self._reuse and not ahead:
            step.reuse(self._find_twin(entry_point, values))
        if not step.run.done():
            process = self._threads.submit(launch, entry_point, values, run_name=name)
            process.add_done_callback(step.finish)
            step.run_id = self._wait_for_run_id(entry_point, values.get("family"), process)
        return step

    def finish(self) -> None:
        """Wait for all steps, or until one fails; raises its error."""
        self._wait_for(self.steps)

    def report(self) -> str:
        """A line for each step (:meth:`ChainStep.describe`)."""
        return "\n".join(step.describe() for step in self.steps)

    def _wait_for(self, steps: Sequence[ChainStep]) -> None:
        wait([step.run for step in steps], return_when=FIRST_EXCEPTION)
        for step in self.steps:
            if step.run.done():
                step.run.result()

    def _has_finished(self, entry_point: str) -> bool:
        """Whether there is a finished run of a step."""
        if entry_point not in self._finished and search_finished(entry_point, max_results=1):
            self._finished.add(entry_point)
        return entry_point in self._finished

    def _find_twin(self, entry_point: str, values: Mapping[str, Any]) -> Run | None:
        """A finished run with the result. The search is here since the step's own process would take seconds.

        If there is none, that process says why.
        """
        parameters = validate(STEPS[entry_point].parameters, values)
        digest = step_fingerprint(entry_point, parameters, find_inputs(entry_point, parameters))
        return find_twin(entry_point, digest, explain=False) if digest else None

    def _wait_for_run_id(self, entry_point: str, family: str | None, process: "Future[str]") -> str:
        """The id of the run that ``mlflow.run``, which returns only when the step has finished, creates for a step."""
        below = f"tags.`{PARENT}` = '{self._main.run_id}' and tags.`{ENTRY_POINT}` = '{entry_point}'"
        below += f" and params.family = '{family}'" if family else ""
        while not process.done():
            if found := mlflow.MlflowClient().search_runs([self._main.experiment_id], below):
                return found[0].info.run_id
            time.sleep(0.05)
        return process.result()


def _steps_of(value: Any) -> list[ChainStep]:
    """The steps in a parameter."""
    return [step for step in (value if isinstance(value, list) else [value]) if isinstance(step, ChainStep)]


def _run_ids(value: Any) -> Any:
    """A parameter with the ids of runs in place of steps."""
    if isinstance(value, list):
        return tuple(_run_ids(one) for one in value)
    return value.run_id if isinstance(value, ChainStep) else value
