"""The runs that a step builds on: given by id, or the latest ones of the same experiment."""

from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException

from steps.workflow.errors import UserError
from steps.workflow.launch import launch

ENTRY_POINT = "mlflow.project.entryPoint"


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


def finished_runs(entry_point, max_results=1000):
    """FINISHED runs of an entry point in the active run's experiment, the latest first."""
    return mlflow.search_runs(
        experiment_ids=[mlflow.active_run().info.experiment_id],
        filter_string=f"attributes.status = 'FINISHED' and tags.`{ENTRY_POINT}` = '{entry_point}'",
        order_by=["attributes.start_time DESC"],
        max_results=max_results,
        output_format="list",
    )


def checked_run(parameter, run_id, entry_point):
    """The run with this id, which must be a FINISHED one of ``entry_point``; UserError otherwise."""
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
    if run.info.status != "FINISHED":
        raise UserError(f"{parameter}={run_id}: this run is {run.info.status}; expected a finished {entry_point} run")
    return run


def artifacts(run_id, path):
    """A local path of an artifact (file or folder) of a run: the store's own where it is local, else a copy.

    Raises:
        UserError: it is no longer there.
    """
    try:
        return Path(mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=path))
    except (MlflowException, OSError) as error:
        raise UserError(f"the artifact {path} of run {run_id} is gone ({error}): run that step again") from error
