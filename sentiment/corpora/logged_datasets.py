"""The splits as MLflow datasets: logged once, by ingest, and inputs of the runs that train or evaluate on them."""

import mlflow
from mlflow import MlflowClient
from mlflow.entities import DatasetInput, Run
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT

from sentiment.tracking import active_run


def get_datasets(ingest_run: Run) -> dict[str, DatasetInput]:
    """The datasets that an ingest run logged, by context: training, validation and test."""
    inputs = ingest_run.inputs.dataset_inputs if ingest_run.inputs else []
    return {tag.value: logged for logged in inputs for tag in logged.tags if tag.key == MLFLOW_DATASET_CONTEXT}


def use_datasets(ingest_run: Run, *contexts: str) -> None:
    """Log some of an ingest run's datasets as inputs of the active run."""
    datasets = get_datasets(ingest_run)
    used = [datasets[context] for context in contexts if context in datasets]
    MlflowClient().log_inputs(active_run().info.run_id, used)


def log_model_metrics(
    metrics: dict[str, float], model_uri: str, measured_on: DatasetInput | None = None, step: int = 0
) -> None:
    """Log metrics of a logged model to the active run and to the model.

    Args:
        metrics: their values by their names.
        model_uri: URI of the logged model.
        measured_on: the dataset to link the metrics to; None if they are not of just one.
        step: of the metrics.
    """
    dataset = measured_on.dataset if measured_on else None
    mlflow.log_metrics(metrics, step=step, model_id=model_uri.rpartition("/")[2], dataset=dataset)
