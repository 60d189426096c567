"""What is registered: images in, label and score out. This file is packaged with each model."""

import base64
import io

import numpy as np
import pandas as pd
import torch
from mlflow.exceptions import MlflowException
from PIL import Image


def decode(texts: list[str]) -> np.ndarray:
    """Images in base64, of any size, as float32 of shape (images, 8, 8) from 0, the background, to 1."""
    pixels = np.empty((len(texts), 8, 8), dtype=np.float32)
    for place, text in enumerate(texts):
        try:
            image = Image.open(io.BytesIO(base64.b64decode(text, validate=True)), formats=("PNG", "JPEG"))
            pixels[place] = np.asarray(image.convert("L").resize((8, 8))) / 255
        except (TypeError, ValueError, OSError, SyntaxError, Image.DecompressionBombError) as error:
            wrong = f"row {place + 1}: expected a PNG or JPEG image in base64 ({error})"
            raise MlflowException.invalid_parameter_value(wrong) from error  # status 400 from a server
    return pixels


class DigitClassifier:
    """Classifies images by the logits of a network, which was exported to a file."""

    def __init__(self, file: str) -> None:
        self._network = torch.export.load(file).module()

    def predict(self, model_input: pd.DataFrame, params: None = None) -> pd.DataFrame:
        probabilities = self.predict_proba(model_input.iloc[:, 0].tolist())
        return pd.DataFrame({"label": probabilities.argmax(axis=1).astype(str), "score": probabilities.max(axis=1)})

    def predict_proba(self, texts: list[str]) -> np.ndarray:
        """What the gate asks for: probabilities of the digits, float64 of shape (images, 10)."""
        with torch.no_grad():
            return self._network(torch.from_numpy(decode(texts))).double().softmax(dim=1).numpy()

    def get_raw_model(self) -> "DigitClassifier":
        return self


_load_pyfunc = DigitClassifier
