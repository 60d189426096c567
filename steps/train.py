"""Fit one family with given hyperparameters."""

import time
from dataclasses import replace

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Run

from sentiment.artifacts import artifacts
from sentiment.corpora.logged_datasets import get_datasets, log_model_metrics, use_datasets
from sentiment.errors import UserError
from sentiment.evaluation.metrics import scores
from sentiment.features.store import Features
from sentiment.model.families import get_family
from sentiment.model.space import describe_outside, format_params, parse_params
from sentiment.search.options import check_options, log_word_vectors
from sentiment.search.packaging import log_model, model_digest, package_digest
from sentiment.search.trials import VALIDATION, TrialRun
from sentiment.tracking import (
    DATASET,
    FAMILY,
    FEATURES,
    FEATURIZE_RUN,
    MODEL_URI,
    OUTPUT_DIGEST,
    active_run,
    origin,
)
from sentiment.workflow.naming import name_run
from sentiment.workflow.parameters import TrainParameters


def train(parameters: TrainParameters, featurize_run: Run) -> None:
    check_options(parameters.family, parameters.model_dump(), TrainParameters().model_dump())
    family, training = get_family(parameters.family), parameters.training()
    space, defaults = family.search_space(training)
    given = parameters.hyperparameters
    params = parse_params(family.name, space, defaults, given)
    outside = describe_outside(space, params)
    if outside:
        print(f"train: note: outside of the search space: {outside}", flush=True)
    run_id = active_run().info.run_id
    ingest_run = mlflow.get_run(origin(featurize_run).ingest_run)
    use_datasets(ingest_run, "training", "validation")
    dataset = artifacts(ingest_run.info.run_id, DATASET)
    features = Features(artifacts(featurize_run.info.run_id, FEATURES), dataset)
    if parameters.embedding != "random":
        vectors, _, with_vectors = log_word_vectors(
            parameters.embedding, parameters.embedding_file, features, parameters.seed, space, params
        )
        if (size := with_vectors["embedding_size"]) != params["embedding_size"] and "embedding_size" in given:
            raise UserError(
                f"embedding_size={given['embedding_size']} with word vectors of length {size}: give it that length, or "
                "leave it out"
            )
        params = with_vectors
        training = replace(training, vectors=str(artifacts(run_id, vectors)))
    name = f"{family.name} {format_params(params)}"
    name_run("train", parameters, {"featurize_run": featurize_run}, name)
    mlflow.set_tags({FAMILY: family.name, FEATURIZE_RUN: featurize_run.info.run_id})
    # Hyperparameters that were given are parameters of this run already.
    mlflow.log_params({key: value for key, value in params.items() if key not in given})

    run = TrialRun(MlflowClient(), run_id, name)
    started = time.time()
    try:
        model = family.fit(features, params, training, run.log_epoch)
    except FloatingPointError as error:
        raise UserError(f"{name}: {error}") from error
    seconds = time.time() - started
    probabilities = model.predict_split(features, "validation")
    figures = scores(features.labels("validation"), probabilities)
    run.log_result(figures, seconds)
    uri = log_model(family.name, features, model)
    validation = get_datasets(ingest_run).get("validation")
    log_model_metrics({f"{VALIDATION}{key}": value for key, value in figures.items()}, uri, validation)
    dataset_digest = origin(featurize_run).dataset_digest
    content = model_digest([probabilities], package_digest(uri), params, features.classes, dataset_digest)
    mlflow.set_tags({OUTPUT_DIGEST: content, MODEL_URI: uri})
    print(f"train: {name}: validation accuracy {figures['accuracy']:.4f} in {seconds:.1f} s", flush=True)
