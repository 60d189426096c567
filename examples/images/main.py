"""Two networks learn scikit-learn's digits; the gate of this library decides whether the better one is champion."""

import base64
import io
import json
import sys
from collections.abc import Callable
from tempfile import TemporaryDirectory

import keras
import mlflow
import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch
from keras import layers
from PIL import Image
from served import decode
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from sentiment import artifacts, tracking
from sentiment.corpora.splits import split
from sentiment.digests import text_digest
from sentiment.errors import UserError
from sentiment.evaluation import comparison, measure, metrics, statistics
from sentiment.reports import decision, table
from sentiment.results import write_manifest
from sentiment.search.packaging import FLAVOR_SIGNATURE, pin_requirements
from sentiment.workflow import command_line, process, stopping
from sentiment.workflow.parameter_types import ModelName, Positive, parameter
from sentiment.workflow.parameters import RegisterParameters, SeedParameters
from steps.register import register


class Parameters(RegisterParameters, SeedParameters):
    registered_model: ModelName = parameter("digits", "name of the registered model")
    epochs: Positive = parameter(10, "passes over the training images")


def fit_keras(train: DataLoader, validation: DataLoader, epochs: int) -> nn.Module:
    """A network that reads float32 of shape (images, 8, 8) and gives logits of shape (images, 10)."""
    mlflow.keras.autolog(log_models=False, log_datasets=False)
    convolution = [layers.Reshape((8, 8, 1)), layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D()]
    network = keras.Sequential([keras.Input((8, 8)), *convolution, layers.Flatten(), layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(0.003), loss, metrics=["accuracy"])
    network.fit(train, epochs=epochs, validation_data=validation, shuffle=False, verbose=0)
    return nn.Sequential(network)  # of whose signature torch.export makes sense


class LightningNetwork(pl.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        convolution = [nn.Unflatten(1, (1, 8)), nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2)]
        self.network = nn.Sequential(*convolution, nn.Flatten(), nn.Linear(32 * 3 * 3, 10))

    def training_step(self, batch: list[torch.Tensor], _: int, prefix: str = "") -> torch.Tensor:
        logits, digits = self.network(batch[0]), batch[1]
        loss = nn.functional.cross_entropy(logits, digits)
        accuracy = (logits.argmax(dim=1) == digits).float().mean()
        self.log_dict({f"{prefix}loss": loss, f"{prefix}accuracy": accuracy}, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: list[torch.Tensor], number: int) -> None:
        self.training_step(batch, number, "val_")

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), 0.003)


def fit_lightning(train: DataLoader, validation: DataLoader, epochs: int) -> nn.Module:
    """The same in PyTorch Lightning."""
    mlflow.pytorch.autolog(log_models=False, checkpoint=False)
    model = LightningNetwork()
    off = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
    pl.Trainer(max_epochs=epochs, accelerator="cpu", num_sanity_val_steps=0, **off).fit(model, train, validation)
    return model.network


def read_splits() -> dict[str, pd.DataFrame]:
    """The training, validation and test split, with the columns id, text (the image: PNG in base64) and label."""
    digits, rows = load_digits(), []
    for pixels, label in zip((15 * digits.images).astype(np.uint8), digits.target):
        Image.fromarray(pixels).save(file := io.BytesIO(), "PNG")
        rows.append((f"digit-{len(rows)}", base64.b64encode(file.getvalue()).decode(), str(label)))
    return split(pd.DataFrame(rows, columns=["id", "text", "label"]), 0.2, 0.2, seed=42, stratify=True)


def train(family: str, fit: Callable, parameters: Parameters, texts: dict, labels: dict) -> comparison.EvaluatedModel:
    """Fit a network, log it as a model of the active run, and measure that through the path that serves it."""
    pl.seed_everything(parameters.seed, verbose=False)  # what Keras draws from, too
    images = {name: TensorDataset(torch.tensor(decode(texts[name])), torch.tensor(labels[name])) for name in texts}
    batches = DataLoader(images["train"], 32, shuffle=True), DataLoader(images["validation"], 32)
    network = fit(*batches, parameters.epochs).eval()
    with TemporaryDirectory() as folder:
        sizes, file = [{0: torch.export.Dim("images")}], f"{folder}/network.pt2"
        torch.export.save(torch.export.export(network, (torch.zeros(2, 8, 8),), dynamic_shapes=sizes), file)
        about = {"signature": FLAVOR_SIGNATURE, "pip_requirements": pin_requirements("torch", "pillow")}
        code = {"loader_module": "served", "code_paths": ["served.py"]}
        example = pd.DataFrame({"text": texts["test"][:1]})  # a request to try, serving_input_example.json of the model
        uri = mlflow.pyfunc.log_model(name="model", data_path=file, input_example=example, **code, **about).model_uri
    mlflow.set_tags({tracking.FAMILY: family, tracking.MODEL_URI: uri})
    write_manifest([])  # by which it is noticed when a file of the model changes
    measured = measure.measure(uri, texts, labels["test"])
    on_validation = measured.probabilities["validation"]
    chosen_by = metrics.scores(labels["validation"], on_validation)
    figures = measured.row | {f"validation_{name}": value for name, value in chosen_by.items()}
    mlflow.log_metrics(figures)
    row = {"family": family, "model_uri": uri, "tune_run": mlflow.active_run().info.run_id, **figures}
    return comparison.EvaluatedModel([], row, measured.probabilities["test"], [], on_validation, [], [])


def main(parameters: Parameters) -> None:
    """Each step is a run with the tags and artifacts that a step of the library would leave."""
    splits = read_splits()
    texts = {name: rows["text"].tolist() for name, rows in splits.items()}
    labels = {name: rows["label"].astype(int).to_numpy() for name, rows in splits.items()}
    tags = {tracking.DATASET_DIGEST: text_digest("".join(rows.to_json() for rows in splits.values()))}
    with mlflow.start_run(run_name="ingest", nested=True, tags=tags | {tracking.ENTRY_POINT: "ingest"}) as run:
        for name, rows in splits.items():
            artifacts.log_parquet(rows, f"{tracking.DATASET}/{name}.parquet")
    digits, models = [str(digit) for digit in range(10)], []
    tags |= {tracking.INGEST_RUN: run.info.run_id, tracking.CLASSES: json.dumps(digits)}
    for family, fit in (("keras", fit_keras), ("lightning", fit_lightning)):
        with mlflow.start_run(run_name=family, nested=True, tags=tags | {tracking.ENTRY_POINT: "train"}):
            models.append(train(family, fit, parameters, texts, labels))
    with mlflow.start_run(run_name="compare", nested=True, tags=tags | {tracking.ENTRY_POINT: "compare"}) as run:
        shares = np.bincount(labels["train"]) / len(labels["train"])
        data = comparison.EvaluationData(splits["test"], digits, labels["test"], labels["validation"], shares)
        models, choice = comparison.rank_models("accuracy", parameters.metric, 0.0, models, data)
        correct = {model.family: model.probabilities.argmax(axis=1) == data.labels for model in models}
        pairs = statistics.compare_pairs(correct)
        compared = choice | {"winner": models[0].family, "rows": [model.row for model in models], "pairs": pairs}
        report, predictions = table.console_report(compared), comparison.tabulate_predictions(models, data)
        mlflow.log_dict(compared, tracking.COMPARISON)
        mlflow.log_text(f"<pre>{report}</pre><dl>{decision.BEGIN}{decision.END}", tracking.REVIEW_CARD)
        mlflow.log_text("[]", tracking.BEHAVIOUR_CASES)  # those of the library are sentences
        artifacts.log_parquet(predictions, tracking.TEST_PREDICTIONS)
        mlflow.set_tag(tracking.OUTPUT_DIGEST, text_digest(predictions.to_json()))
        print(report, flush=True)
    with mlflow.start_run(run_name="register", nested=True, tags={tracking.ENTRY_POINT: "register"}):
        register(parameters, mlflow.get_run(run.info.run_id))


if __name__ == "__main__":
    process.quieten()
    try:
        with process.open_run("main", stopping.Stop("main")):
            main(command_line.parse_parameters(Parameters, "main", sys.argv[1:]))
    except UserError as mistake:
        sys.exit(f"error: {mistake}")
