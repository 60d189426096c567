"""The standing run of a registered model: every monitoring adds a point to its metrics, which the MLflow UI draws over time."""

import time

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric

OF = "monitoring.of"  # tag of the standing run: the registered model
COUNT = "data/documents"  # a metric that every monitoring logs


def standing_run(name):
    """The standing run of a registered model in the active run's experiment; it is made where there is none."""
    client, experiment = MlflowClient(), mlflow.active_run().info.experiment_id
    asked = f"tags.`{OF}` = '{name}'"
    # The first one: two that began at the same moment may have made one each.
    found = client.search_runs([experiment], asked, order_by=["attributes.start_time ASC"], max_results=1)
    if found:
        return found[0]
    run = client.create_run(experiment, run_name=f"monitoring of {name}", tags={OF: name})
    client.set_terminated(run.info.run_id)
    return client.search_runs([experiment], asked, order_by=["attributes.start_time ASC"], max_results=1)[0]


def add_point(run_id, figures, tags):
    """Add figures to the metrics of a standing run, as its next step, and set its tags."""
    client, now = MlflowClient(), int(time.time() * 1000)
    step = len(client.get_metric_history(run_id, COUNT))
    client.log_batch(run_id, [Metric(name, value, now, step) for name, value in figures.items()])
    for name, value in tags.items():
        client.set_tag(run_id, name, value)


def history(run_id, names):
    """The points of some metrics: a dict from their names to lists of (step, value), those that have any."""
    client = MlflowClient()
    found = {name: [(point.step, point.value) for point in client.get_metric_history(run_id, name)] for name in names}
    return {name: points for name, points in found.items() if points}
