"""The splits as MLflow datasets: logged once, by ingest, and inputs of the runs that fit or measure on them."""

import mlflow
from mlflow import MlflowClient
from mlflow.entities import DatasetInput, Run
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT

from sentiment.tracking import active_run


def get_datasets(ingest_run: Run) -> dict[str, DatasetInput]:
    """The datasets that an ingest run logged, by their context: training, validation and test."""
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
    """Log metrics of the active run that are a logged model's, and the model's, too.

    Args:
        metrics: their values by their names.
        model_uri: URI of the logged model.
        measured_on: one of the datasets, which the metrics are linked to; None where it is not just that.
        step: theirs.
    """
    dataset = measured_on.dataset if measured_on else None
    mlflow.log_metrics(metrics, step=step, model_id=model_uri.rpartition("/")[2], dataset=dataset)
