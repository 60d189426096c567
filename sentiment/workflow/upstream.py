"""The runs that a step builds on: given by id, or the latest ones of the same experiment."""

import mlflow

from sentiment.errors import UserError
from sentiment.tracking import checked_run, finished_runs
from sentiment.workflow.launch import launch

# The parameter of each step that names the run, or the runs, that it builds on, and the step that these are of.
BUILDS_ON = {
    "featurize": ("ingest_run", "ingest"),
    "train": ("featurize_run", "featurize"),
    "tune": ("featurize_run", "featurize"),
    "compare": ("tune_runs", "tune"),
    "register": ("compare_run", "compare"),
}


def fill_in(entry_point, parameters):
    """Put the runs that a step builds on, ``mlflow.entities.Run``, in place of their ids among its parameters.

    Raises:
        UserError: see :func:`upstream_run` and :func:`tuned_runs`.
    """
    if entry_point not in BUILDS_ON:
        return
    name, step = BUILDS_ON[entry_point]
    given = getattr(parameters, name)
    setattr(parameters, name, tuned_runs(given) if name == "tune_runs" else upstream_run(name, given, step))


def upstream_run(parameter, run_id, entry_point):
    """The FINISHED run of ``entry_point`` to build on.

    Args:
        parameter: the parameter that holds the id, for messages.
        run_id: the id; when empty, the latest finished run of the experiment is taken, and where there is
            none the step is run with its defaults.
        entry_point: the entry point that the run must be of.

    Returns:
        An ``mlflow.entities.Run``.

    Raises:
        UserError: no such run, one of another entry point, or one that did not finish.
    """
    if run_id:
        return checked_run(parameter, run_id, entry_point)
    latest = finished_runs(entry_point, max_results=1)
    if latest:
        print(f"{parameter}: the latest {entry_point} run, {latest[0].info.run_id}", flush=True)
        return latest[0]
    print(f"{parameter}: there is no {entry_point} run yet, so it runs now with its defaults", flush=True)
    return mlflow.get_run(launch(entry_point, {}))


def tuned_runs(run_ids):
    """The tune runs to compare, one a family: those given, or each family's latest on the latest run's features.

    Raises:
        UserError: one of them cannot be built on, there is none, or two are of one family.
    """
    if run_ids:
        runs = [checked_run("tune_runs", run_id, "tune") for run_id in run_ids]
    else:
        finished = finished_runs("tune")
        if not finished:
            raise UserError(
                "there is no finished tune run to compare: run `mlflow run . -e tune -P family=simple` first"
            )
        same = [run for run in finished if run.data.tags["featurize_run"] == finished[0].data.tags["featurize_run"]]
        runs = list({run.data.tags["family"]: run for run in reversed(same)}.values())
    families = [run.data.tags["family"] for run in runs]
    twice = {family for family in families if families.count(family) > 1}
    if twice:
        raise UserError(f"tune_runs has two runs of {', '.join(sorted(twice))}: expected one tune run for each family")
    return runs
