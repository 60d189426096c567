"""The two networks: torch modules that read float32 of shape (images, 8, 8) and give logits of shape (images, 10)."""

import keras
import mlflow
import pytorch_lightning as pl
import torch
from keras import layers
from torch import nn
from torch.utils.data import DataLoader


def fit_keras(train: DataLoader, validation: DataLoader, epochs: int) -> nn.Module:
    mlflow.keras.autolog(log_models=False, log_datasets=False)
    convolution = [layers.Reshape((8, 8, 1)), layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D()]
    network = keras.Sequential([keras.Input((8, 8)), *convolution, layers.Flatten(), layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.Adam(0.003), loss, metrics=["accuracy"])
    network.fit(train, epochs=epochs, validation_data=validation, verbose=0)
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
    mlflow.pytorch.autolog(log_models=False, checkpoint=False)
    model = LightningNetwork()
    off = dict.fromkeys(("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary"), False)
    pl.Trainer(max_epochs=epochs, accelerator="cpu", num_sanity_val_steps=0, **off).fit(model, train, validation)
    return model.network
