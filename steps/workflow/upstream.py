"""The runs that a step builds on: given by id, or the latest ones of the same experiment."""

import tempfile
import time
from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.tracking.artifact_utils import get_artifact_uri

from steps.workflow.errors import UserError
from steps.workflow.launch import launch
from steps.workflow.stopping import PARENT

ENTRY_POINT = "mlflow.project.entryPoint"
REUSED = "step.reused"  # tag of a run that did nothing itself: the run that has its result

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


def finished_runs(entry_point, max_results=1000):
    """FINISHED runs of an entry point in the active run's experiment, the latest first."""
    found = mlflow.search_runs(
        experiment_ids=[mlflow.active_run().info.experiment_id],
        filter_string=f"attributes.status = 'FINISHED' and tags.`{ENTRY_POINT}` = '{entry_point}'",
        order_by=["attributes.start_time DESC"],
        max_results=max_results,
        output_format="list",
    )
    return [with_result(run) for run in found]


def checked_run(parameter, run_id, entry_point, ended=True):
    """The run with this id, which must be one of ``entry_point``, and FINISHED if it has to have ``ended``; else UserError."""
    try:
        run = mlflow.get_run(run_id)
    except MlflowException as error:
        raise UserError(
            f"{parameter}={run_id}: there is no such run at {mlflow.get_tracking_uri()}; "
            f"expected the id of a finished {entry_point} run"
        ) from error
    found = run.data.tags.get(ENTRY_POINT, "no step of this project")
    if found != entry_point:
        raise UserError(f"{parameter}={run_id}: this is a run of {found}; expected the id of a {entry_point} run")
    if not ended:
        return with_result(run)
    run = finished(run)
    if run.info.status != "FINISHED":
        raise UserError(f"{parameter}={run_id}: this run is {run.info.status}; expected a finished {entry_point} run")
    return with_result(run)


def finished(run):
    """Wait for a run that goes on beside the active one, as a step of the same chain, and return it as it ended.

    Raises:
        UserError: it did not finish; not shown, since the run itself has said why.
    """
    chain = mlflow.get_run(mlflow.active_run().info.run_id).data.tags.get(PARENT)
    if chain is None or run.data.tags.get(PARENT) != chain:
        return run
    pause = 0.05
    while run.info.status == "RUNNING":
        time.sleep(pause)
        pause = min(1.2 * pause, 1.0)
        run = mlflow.get_run(run.info.run_id)
    if run.info.status != "FINISHED":
        raise UserError(
            f"the {run.data.tags[ENTRY_POINT]} run {run.info.run_id} ended as {run.info.status}", shown=True
        )
    return run


def with_result(run):
    """The run that has the result of a run: itself, or the earlier one that it reused."""
    return mlflow.get_run(run.data.tags[REUSED]) if REUSED in run.data.tags else run


def artifacts(run_id, path):
    """A local path of an artifact (file or folder) of a run: the store's own where it is local, else a copy.

    Raises:
        UserError: it is no longer there.
    """
    try:
        # By its own address: asked for by run and path, MLflow copies what lies on this machine, too.
        return Path(mlflow.artifacts.download_artifacts(get_artifact_uri(run_id, path)))
    except (MlflowException, OSError) as error:
        raise UserError(f"the artifact {path} of run {run_id} is gone ({error}): run that step again") from error


def log_parquet(frame, path, run_id=None):
    """Log a DataFrame as the artifact ``path``, which ends in .parquet, of a run; of the active one by default."""
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary) / Path(path).name
        frame.to_parquet(file, index=False)
        folder = str(Path(path).parent)
        mlflow.log_artifact(str(file), None if folder == "." else folder, run_id)
