"""Searching, checking and waiting for runs of this project, and following reused results."""

import time
from collections.abc import Mapping
from contextlib import suppress

import mlflow
from mlflow import MlflowClient
from mlflow.entities import LifecycleStage, Metric, Run
from mlflow.exceptions import MlflowException

from sentiment.errors import UserError
from sentiment.pages import shown_tracking_uri
from sentiment.tracking import ENTRY_POINT, PARENT, REUSED, active_run, raise_if_unanswered


class ResultGone(UserError):
    """A run reused the result of one that was deleted since."""


def finished_runs(entry_point: str, max_results: int = 1000) -> list[Run]:
    """:func:`search_finished`, with runs that reused a result replaced by the one that has it, if it exists."""
    found = []
    for run in search_finished(entry_point, max_results):
        with suppress(ResultGone):
            found.append(with_result(run))
    return found


def search_finished(entry_point: str, max_results: int = 1000) -> list[Run]:
    """FINISHED runs of an entry point in the active run's experiment, the latest first."""
    return search(f"attributes.status = 'FINISHED' and tags.`{ENTRY_POINT}` = '{entry_point}'", max_results)


def search(filter_string: str, max_results: int = 1000) -> list[Run]:
    """Runs in the active run's experiment, the latest first."""
    return mlflow.search_runs(
        experiment_ids=[active_run().info.experiment_id],
        filter_string=filter_string,
        order_by=["attributes.start_time DESC"],
        max_results=max_results,
        output_format="list",
    )


def child_runs(run: Run) -> list[Run]:
    """The runs whose parent is this one, the latest first: all of them (a client's search gives 1,000)."""
    return mlflow.search_runs([run.info.experiment_id], f"tags.`{PARENT}` = '{run.info.run_id}'", output_format="list")


def log_run_metrics(metrics: Mapping[str, float]) -> None:
    """Log metrics only to the active run; ``mlflow.log_metrics`` also logs them to its logged models."""
    now = int(time.time() * 1000)
    logged = [Metric(key, value, now, 0) for key, value in metrics.items()]
    MlflowClient().log_batch(active_run().info.run_id, logged)


def checked_run(parameter: str, run_id: str, entry_point: str, ended: bool = True) -> Run:
    """The run with this id.

    Args:
        parameter: the parameter that holds the id, for messages.
        run_id: the id.
        entry_point: the entry point that the run must be of.
        ended: whether it has to be FINISHED.

    Raises:
        UserError: no such run, a deleted one, one of another entry point, or one that did not finish.
    """
    try:
        run = mlflow.get_run(run_id)
    except MlflowException as error:
        raise_if_unanswered(error)
        raise UserError(
            f"{parameter}={run_id}: there is no such run at {shown_tracking_uri()}; "
            f"expected the id of a finished {entry_point} run"
        ) from error
    if run.info.lifecycle_stage == LifecycleStage.DELETED:
        raise UserError(
            f"{parameter}={run_id}: this run was deleted: restore it with `mlflow runs restore --run-id {run_id}`, or "
            f"name another finished {entry_point} run"
        )
    found = run.data.tags.get(ENTRY_POINT, "no step of this project")
    if found != entry_point:
        raise UserError(f"{parameter}={run_id}: this is a run of {found}; expected the id of a {entry_point} run")
    if not ended:
        return with_result(run)
    run = finished(run)
    if run.info.status != "FINISHED":
        raise UserError(f"{parameter}={run_id}: this run is {run.info.status}; expected a finished {entry_point} run")
    return with_result(run)


def finished(run: Run) -> Run:
    """Wait for a run that is still RUNNING as a step of the same chain, and return it as it ended.

    Raises:
        UserError: it did not finish; not shown, since the run itself has said why.
    """
    if run.info.status == "FINISHED":
        return run
    chain = mlflow.get_run(active_run().info.run_id).data.tags.get(PARENT)
    if chain is None or run.data.tags.get(PARENT) != chain:
        return run
    pause = 0.05
    while run.info.status == "RUNNING":
        time.sleep(pause)
        pause = min(1.2 * pause, 0.3)
        run = mlflow.get_run(run.info.run_id)
    if run.info.status != "FINISHED":
        raise UserError(
            f"the {run.data.tags[ENTRY_POINT]} run {run.info.run_id} ended as {run.info.status}", shown=True
        )
    return run


def with_result(run: Run) -> Run:
    """The run that has the result of a run: itself, or the earlier one that it reused.

    Raises:
        ResultGone: the earlier one was deleted.
    """
    result_id = run.data.tags.get(REUSED)
    if result_id is None:
        return run
    gone = f"run {run.info.run_id} reused the result of run {result_id}, which was deleted"
    try:
        result = mlflow.get_run(result_id)
    except MlflowException as error:
        raise_if_unanswered(error)
        raise ResultGone(f"{gone} for good: run the {run.data.tags[ENTRY_POINT]} step again") from error
    if result.info.lifecycle_stage == LifecycleStage.DELETED:
        raise ResultGone(f"{gone}: restore it with `mlflow runs restore --run-id {result_id}`")
    return result
