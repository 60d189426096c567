"""Fit one family at one point of its search space."""

import mlflow
from mlflow import MlflowClient

from steps import models
from steps.evaluation.metrics import scores
from steps.features.store import Features
from steps.models.packaging import log_model, model_digest
from steps.search.space import label, resolve
from steps.search.trials import TrialRun
from steps.workflow.errors import UserError
from steps.workflow.fingerprint import OUTPUT_DIGEST
from steps.workflow.upstream import artifacts


def train(parameters):
    family = models.family(parameters.family)
    point = resolve(parameters.family, family.SPACE, family.DEFAULTS, parameters.more)
    featurize_run = parameters.featurize_run
    features = Features(artifacts(featurize_run.info.run_id, "features"))
    name = f"{parameters.family} {label(point)}"
    mlflow.set_tags({"mlflow.runName": name, "family": parameters.family, "featurize_run": featurize_run.info.run_id})
    # Hyperparameters that were typed are parameters of this run already.
    mlflow.log_params({key: value for key, value in point.items() if key not in parameters.more})

    run = TrialRun(MlflowClient(), mlflow.active_run().info.run_id, name)
    fit = models.trainer(parameters.family)
    try:
        model = fit(features, point, parameters.seed, parameters.epochs, parameters.batch_size, run.epoch)
    except FloatingPointError as error:
        raise UserError(f"{name}: {error}") from error
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
