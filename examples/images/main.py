"""Two networks learn scikit-learn's digits; the gate of this library decides whether the better one is champion."""

import base64
import io
import json
import sys
from tempfile import TemporaryDirectory

import mlflow
import numpy as np
import pandas as pd
import torch
from networks import fit_keras, fit_lightning
from PIL import Image
from pytorch_lightning import seed_everything
from served import DIGITS, decode
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

from sentiment import tracking
from sentiment.artifacts import log_parquet
from sentiment.corpora.splits import split
from sentiment.digests import text_digest
from sentiment.errors import UserError
from sentiment.evaluation.comparison import EvaluatedModel, EvaluationData, rank_models, tabulate_predictions
from sentiment.evaluation.measure import measure
from sentiment.evaluation.metrics import scores
from sentiment.evaluation.statistics import compare_pairs
from sentiment.reports import decision, table
from sentiment.results import write_manifest
from sentiment.search.packaging import FLAVOR_SIGNATURE, pin_requirements
from sentiment.workflow.command_line import validate
from sentiment.workflow.parameter_types import ModelName, Positive, parameter
from sentiment.workflow.parameters import RegisterParameters, SeedParameters
from sentiment.workflow.process import open_run, quieten
from sentiment.workflow.stopping import Stop
from steps.register import register

SEEN = ("train", "validation")  # what a fit looks at
FAMILIES = {"keras": fit_keras, "lightning": fit_lightning}


class Parameters(RegisterParameters, SeedParameters):
    registered_model: ModelName = parameter("digits", "name of the registered model")
    epochs: Positive = parameter(10, "passes over the training images")


def read_splits() -> dict[str, pd.DataFrame]:
    """The training, validation and test split, with the columns id, text (the image: PNG in base64) and label."""
    digits, rows = load_digits(), []
    for pixels, label in zip((15 * digits.images).astype(np.uint8), digits.target):
        Image.fromarray(pixels).save(file := io.BytesIO(), "PNG")
        rows.append((f"digit-{len(rows)}", base64.b64encode(file.getvalue()).decode(), str(label)))
    return split(pd.DataFrame(rows, columns=["id", "text", "label"]), 0.2, 0.2, seed=42, stratify=True)


def train(family: str, parameters: Parameters, texts: dict, labels: dict) -> EvaluatedModel:
    """Fit a network, log it as a model of the active run, and measure that through the path that serves it."""
    seed_everything(parameters.seed, verbose=False)  # what Keras draws from, too
    learn, check = (TensorDataset(torch.tensor(decode(texts[name])), torch.tensor(labels[name])) for name in SEEN)
    network = FAMILIES[family](DataLoader(learn, 32, shuffle=True), DataLoader(check, 32), parameters.epochs).eval()
    with TemporaryDirectory() as folder:
        sizes, file = [{0: torch.export.Dim("images")}], f"{folder}/network.pt2"
        torch.export.save(torch.export.export(network, (torch.zeros(2, 8, 8),), dynamic_shapes=sizes), file)
        about = {"signature": FLAVOR_SIGNATURE, "pip_requirements": pin_requirements("torch", "pillow")}
        code = {"loader_module": "served", "code_paths": ["served.py"]}
        uri = mlflow.pyfunc.log_model(name="model", data_path=file, **code, **about).model_uri
    mlflow.set_tags({tracking.FAMILY: family, tracking.MODEL_URI: uri})
    write_manifest([])  # by which it is noticed when a file of the model changes
    measured = measure(uri, texts, labels["test"])
    on_validation = measured.probabilities["validation"]
    figures = {f"validation_{name}": value for name, value in scores(labels["validation"], on_validation).items()}
    mlflow.log_metrics(figures := figures | measured.row)
    row = {"family": family, "model_uri": uri, "tune_run": tracking.active_run().info.run_id, **figures}
    return EvaluatedModel([], row, measured.probabilities["test"], on_validation, [], [])


def main(parameters: Parameters) -> None:
    """Each step is a run with the tags and artifacts that a step of the library would leave."""
    splits = read_splits()
    texts = {name: rows["text"].tolist() for name, rows in splits.items()}
    labels = {name: rows["label"].astype(int).to_numpy() for name, rows in splits.items()}
    tags = {tracking.DATASET_DIGEST: text_digest("".join(rows.to_json() for rows in splits.values()))}
    with mlflow.start_run(run_name="ingest", nested=True, tags=tags | {tracking.ENTRY_POINT: "ingest"}) as run:
        for name, rows in splits.items():
            log_parquet(rows, f"{tracking.DATASET}/{name}.parquet")
    tags |= {tracking.INGEST_RUN: run.info.run_id, tracking.CLASSES: json.dumps(DIGITS)}
    models = []
    for family in FAMILIES:
        with mlflow.start_run(run_name=family, nested=True, tags=tags | {tracking.ENTRY_POINT: "train"}):
            models.append(train(family, parameters, texts, labels))
    with mlflow.start_run(run_name="compare", nested=True, tags=tags | {tracking.ENTRY_POINT: "compare"}) as run:
        shares = np.bincount(labels["train"]) / len(labels["train"])
        data = EvaluationData(splits["test"], DIGITS, labels["test"], labels["validation"], shares)
        models, choice = rank_models("accuracy", parameters.metric, 0.0, models, data)
        pairs = compare_pairs({model.family: model.probabilities.argmax(axis=1) == data.labels for model in models})
        comparison = choice | {"winner": models[0].family, "rows": [model.row for model in models], "pairs": pairs}
        report, predictions = table.console_report(comparison), tabulate_predictions(models, data)
        mlflow.log_dict(comparison, tracking.COMPARISON)
        mlflow.log_text(f"<pre>{report}</pre><dl>{decision.BEGIN}{decision.END}", tracking.REVIEW_CARD)
        mlflow.log_text("[]", tracking.BEHAVIOUR_CASES)  # those of the library are sentences
        log_parquet(predictions, tracking.TEST_PREDICTIONS)
        mlflow.set_tag(tracking.OUTPUT_DIGEST, text_digest(predictions.to_json()))
        print(report, flush=True)
    with mlflow.start_run(run_name="register", nested=True, tags={tracking.ENTRY_POINT: "register"}):
        register(parameters, mlflow.get_run(run.info.run_id))


if __name__ == "__main__":
    quieten()
    try:
        with open_run("main", Stop("main")):
            main(validate(Parameters, dict(given.removeprefix("--").split("=", 1) for given in sys.argv[1:])))
    except UserError as mistake:
        sys.exit(f"error: {mistake}")
