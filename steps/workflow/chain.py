"""The steps of a chain: each is run under the active run, or a finished run that has its result is taken."""

import time
from dataclasses import dataclass

import mlflow

from steps.workflow.launch import launch, written
from steps.workflow.parameters import declared, parse
from steps.workflow.reuse import find_twin, step_fingerprint
from steps.workflow.upstream import fill_in, with_result


@dataclass
class Outcome:
    """What became of a step.

    Args:
        name: the step, with the family where there is one.
        run_id: the run that has its result.
        reused: whether that run was there before.
        seconds: how long the step took here.
        saved: how long that run took when it ran, if it was reused, else 0.
    """

    name: str
    run_id: str
    reused: bool
    seconds: float
    saved: float


class Chain:
    """Runs steps one after the other, or side by side from several threads.

    Args:
        given: dict of the parameters that are handed on to every step that declares them.
        reuse: whether finished runs are taken.
    """

    def __init__(self, given, reuse):
        self._given = given
        self._reuse = reuse
        self.outcomes = []

    def run(self, entry_point, **handed_on):
        """Have the result of a step, and return the id of the run that has it."""
        started = time.time()
        name = handed_on.get("family", entry_point)
        own = {key: self._given[key] for key in declared(entry_point) if key in self._given} | handed_on
        twin = self._twin(entry_point, own) if self._reuse else None
        if twin:
            run_id, saved = twin.info.run_id, (twin.info.end_time - twin.info.start_time) / 1000
            print(f"{name}: nothing changed since run {run_id}, reused", flush=True)
        else:
            run_id, saved = with_result(mlflow.get_run(launch(entry_point, own, run_name=name))).info.run_id, 0.0
        self.outcomes.append(Outcome(name, run_id, twin is not None, time.time() - started, saved))
        return run_id

    def report(self):
        """A line a step: whether it ran or was reused, its run, how long it took and how long that saved."""
        lines = [
            f"{outcome.name:<12} {'reused' if outcome.reused else 'ran':<7} {outcome.run_id} {outcome.seconds:6.1f} s"
            + (f", saved {outcome.saved:.1f} s" if outcome.reused else "")
            for outcome in self.outcomes
        ]
        return "\n".join(lines)

    def _twin(self, entry_point, own):
        """A finished run with the result, found here: a process of the step's own would cost seconds to find it."""
        parameters = parse(entry_point, [f"--{key}={written(value)}" for key, value in own.items()])
        fill_in(entry_point, parameters)
        digest = step_fingerprint(entry_point, parameters)
        return find_twin(entry_point, digest) if digest else None
