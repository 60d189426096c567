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


def log_model_metrics(metrics: dict[str, float], model_uri: str, ingest_run: Run, context: str, step: int = 0) -> None:
    """Log metrics of the active run that are a logged model's on one of the datasets, and the model's, too."""
    logged = get_datasets(ingest_run).get(context)
    mlflow.log_metrics(
        metrics, step=step, model_id=model_uri.rpartition("/")[2], dataset=logged.dataset if logged else None
    )
