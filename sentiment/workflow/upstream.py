"""The inputs of a step: a corpus, or runs, given by id, or the latest ones of the same experiment."""

from collections.abc import Sequence

import mlflow
from mlflow.entities import Run

from sentiment.commands import project_command
from sentiment.corpora.reading import CorpusInput
from sentiment.errors import UserError
from sentiment.runs import checked_run, finished_runs, search, search_finished
from sentiment.tracking import COMPARE_RUN, ENTRY_POINT, TUNE_RUN, origin
from sentiment.workflow.launch import launch
from sentiment.workflow.parameter_groups import CorpusParameters
from sentiment.workflow.parameter_types import Parameters
from sentiment.workflow.step_table import STEPS

Input = CorpusInput | Run | list[Run]


def find_inputs(entry_point: str, parameters: Parameters) -> dict[str, Input]:
    """The inputs of a step, by the name of the parameter that names the corpus or holds the ids of the runs.

    Raises:
        UserError: see :func:`find_run` and :func:`find_tune_runs`.
    """
    step = STEPS[entry_point]
    if isinstance(parameters, CorpusParameters):
        return {step.input: CorpusInput(parameters.source)}
    given = getattr(parameters, step.input)
    several = isinstance(given, tuple)
    return {step.input: find_tune_runs(given) if several else find_run(step.input, given, step.builds_on)}


def find_run(parameter: str, run_id: str, entry_point: str) -> Run:
    """The FINISHED run of ``entry_point`` to build on.

    Args:
        parameter: the parameter that holds the id, for messages.
        run_id: the id; if empty, the latest finished run of the experiment is used (:func:`find_latest`), and if there
            is none, the step is run with its defaults.
        entry_point: the entry point of the run.

    Raises:
        UserError: no such run, one of another entry point, or one that did not finish.
    """
    if run_id:
        return checked_run(parameter, run_id, entry_point)
    if latest := find_latest(entry_point):
        print(f"{parameter}: the latest {entry_point} run, {latest.info.run_id}", flush=True)
        return latest
    print(f"{parameter}: there is no {entry_point} run yet, so it runs now with its defaults", flush=True)
    return mlflow.get_run(launch(entry_point, {}))


def find_latest(entry_point: str) -> Run | None:
    """The latest finished run of a step, or the one that a later main run used."""
    found = _used_by_later_main(f"{entry_point}_run", entry_point)
    found = found or finished_runs(entry_point, max_results=1)
    found = found or finished_runs(entry_point)  # the latest may have reused a result that was deleted since
    return found[0] if found else None


def _used_by_later_main(tag: str, entry_point: str) -> list[Run]:
    """The runs of a step that the latest main run used, by its tag; none if a run of the step started after it.

    A main run that reuses the result of a step creates no run of it.
    """
    latest = search_finished(entry_point, max_results=1)
    # Those that finished all steps, even if the gate failed them after that. Another project's run has no such tag.
    complete = f"tags.`{ENTRY_POINT}` = 'main' and tags.`{COMPARE_RUN}` != '' and attributes.status != 'RUNNING'"
    mains = search(complete, max_results=1)
    if not mains or latest and latest[0].info.start_time > mains[0].info.end_time:
        return []
    used = mains[0].data.tags.get(tag, "").split(",")
    try:
        return [checked_run(tag, run_id, entry_point) for run_id in used if run_id]
    except UserError:  # one of them has been deleted
        return []


def find_tune_runs(run_ids: Sequence[str]) -> list[Run]:
    """The tune runs to compare, one per family.

    These are the given ones, those that the latest main run compared, or each family's latest on the features of the
    latest tune run.

    Raises:
        UserError: one of them cannot be built on, there is none, or two are of one family.
    """
    if run_ids:
        runs = [checked_run("tune_runs", run_id, "tune") for run_id in run_ids]
    elif runs := _used_by_later_main(TUNE_RUN, "tune"):
        names = ", ".join(f"{origin(run).family} {run.info.run_id}" for run in runs)
        print(f"tune_runs: those of the latest main run: {names}", flush=True)
    else:
        finished = finished_runs("tune")
        if not finished:
            raise UserError(
                f"there is no finished tune run to compare: run `{project_command('tune', family='simple')}` first"
            )
        latest = origin(finished[0]).featurize_run
        same = [run for run in finished if origin(run).featurize_run == latest]
        runs = list({origin(run).family: run for run in reversed(same)}.values())
        names = ", ".join(f"{origin(run).family} {run.info.run_id}" for run in runs)
        left_out = sorted({origin(run).family for run in finished} - {origin(run).family for run in runs})
        others = f"; {', '.join(left_out)} left out, tuned on other features" if left_out else ""
        print(f"tune_runs: each family's latest on featurize run {latest}: {names}{others}", flush=True)
    families = [origin(run).family for run in runs]
    twice = {family for family in families if families.count(family) > 1}
    if twice:
        raise UserError(f"tune_runs has two runs of {', '.join(sorted(twice))}: expected one tune run for each family")
    return runs
