"""Fit one family at one point of its search space."""

from dataclasses import replace

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Run

from sentiment.errors import UserError
from sentiment.evaluation.metrics import scores
from sentiment.features.store import Features
from sentiment.model import families
from sentiment.model.space import label, resolve
from sentiment.search.options import check_options, search_space, start_from_vectors, training_of
from sentiment.search.packaging import log_model, model_digest
from sentiment.search.trials import TrialRun
from sentiment.tracking import OUTPUT_DIGEST, active_run, artifacts
from sentiment.workflow.parameters import TrainParameters


def train(parameters: TrainParameters, featurize_run: Run) -> None:
    check_options(parameters)
    space, defaults = search_space(parameters)
    point = resolve(parameters.family, space, defaults, parameters.hyperparameters)
    run_id = active_run().info.run_id
    vectors, _, point = start_from_vectors(parameters, featurize_run, space, point)
    training = replace(training_of(parameters), vectors=vectors and artifacts(run_id, vectors))
    dataset = artifacts(featurize_run.data.tags["ingest_run"], "dataset")
    features = Features(artifacts(featurize_run.info.run_id, "features"), dataset)
    name = f"{parameters.family} {label(point)}"
    mlflow.set_tags({"mlflow.runName": name, "family": parameters.family, "featurize_run": featurize_run.info.run_id})
    # Hyperparameters that were typed are parameters of this run already.
    mlflow.log_params({key: value for key, value in point.items() if key not in parameters.hyperparameters})

    run = TrialRun(MlflowClient(), run_id, name)
    fit = families.trainer(parameters.family, parameters.pretrained)
    try:
        model = fit(features, point, training, run.epoch)
    except FloatingPointError as error:
        raise UserError(f"{name}: {error}") from error
    run.fitted()
    probabilities = model.predict_split(features, "validation")
    figures = scores(features.labels("validation"), probabilities)
    run.result(figures)
    mlflow.set_tags(
        {
            OUTPUT_DIGEST: model_digest(
                probabilities, point, features.classes, featurize_run.data.tags["dataset.digest"]
            ),
            "model_uri": log_model(parameters.family, features, model),
        }
    )
    print(f"train: {name}: validation accuracy {figures['accuracy']:.4f} in {run.seconds:.1f} s", flush=True)
