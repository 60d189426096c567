"""The monitoring run of a registered model. Each monitoring adds a point to its metrics, plotted in the MLflow UI."""

import time
from collections.abc import Mapping

from mlflow import MlflowClient
from mlflow.entities import Metric, Run

from sentiment.tracking import MONITORING_OF, active_run

EVERY_TIME = "data/documents"  # a metric that each monitoring logs
CHAMPION = "champion_version"  # metric: the version that was monitored


def get_monitoring_run(name: str) -> Run:
    """The monitoring run of a registered model in the active run's experiment; created if there is none."""
    client, experiment = MlflowClient(), active_run().info.experiment_id

    def find() -> list[Run]:
        # The oldest one: two monitorings that started at the same moment may have created one each.
        condition = f"tags.`{MONITORING_OF}` = '{name}'"
        return client.search_runs([experiment], condition, order_by=["attributes.start_time ASC"], max_results=1)

    if not find():
        run = client.create_run(experiment, run_name=f"monitoring of {name}", tags={MONITORING_OF: name})
        client.set_terminated(run.info.run_id)
    return find()[0]


def add_point(run_id: str, metrics: Mapping[str, float], tags: Mapping[str, str]) -> None:
    """Log metrics on a monitoring run as its next step, and set its tags."""
    client, now = MlflowClient(), int(time.time() * 1000)
    for name, value in tags.items():
        client.set_tag(run_id, name, value)
    step = _next_step(run_id)
    client.log_batch(run_id, [Metric(name, value, now, step) for name, value in metrics.items()])


def read_history(run_id: str, metrics: Mapping[str, float]) -> dict[str, list[tuple[int, float]]]:
    """The (step, value) of some metrics so far, by step, ending with the value that :func:`add_point` will add."""
    client, step = MlflowClient(), _next_step(run_id)
    history = {}
    for name, value in metrics.items():
        # MLflow orders them by time, which differs if the clock was set, or between machines.
        points = sorted((point.step, point.value) for point in client.get_metric_history(run_id, name))
        history[name] = [*points, (step, value)]
    return history


def _next_step(run_id: str) -> int:
    return len(MlflowClient().get_metric_history(run_id, EVERY_TIME))
