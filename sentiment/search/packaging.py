"""A fitted model as an MLflow model that needs nothing of this project: its weights, its code, its requirements."""

import hashlib
import json
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

from sentiment.digests import text_digest
from sentiment.model import pyfunc
from sentiment.paths import PROJECT_ROOT

# The input column has no name in the signature, because with a name MLflow refuses a list of texts. The example
# shows it, and the model accepts no other column.
SIGNATURE = ModelSignature(
    inputs=Schema([ColSpec("string")]),
    outputs=Schema([ColSpec("string", "label"), ColSpec("double", "score")]),
)
EXAMPLE = pd.DataFrame({"text": ["A gem. I laughed all the way home.", "Two hours that I will never get back."]})

ROOT = PROJECT_ROOT / "sentiment"


def log_model(family, features, model):
    """Log a fitted model to the active run, as its model ``model``.

    Args:
        family: name of the family.
        features: the :class:`sentiment.features.store.Features` that it was fitted on.
        model: the fitted model.

    Returns:
        Its URI, ``models:/m-…``.
    """
    if hasattr(model, "pipeline"):
        return mlflow.transformers.log_model(
            model.pipeline,
            name="model",
            task="text-classification",
            signature=SIGNATURE,
            input_example=EXAMPLE,
            pip_requirements=[f"{name}=={version(name)}" for name in ("mlflow", "transformers", "torch")],
            model_config={"truncation": True},
        ).model_uri
    with tempfile.TemporaryDirectory() as temporary:
        weights = Path(temporary) / "weights"
        weights.mkdir()
        pyfunc.save(weights, family, features.cleaner, features.classes, model)
        package = _stage_code(Path(temporary))
        # MLflow tries the model on its example from the very folder that it logs, which is to hold no bytecode.
        sys.dont_write_bytecode = True
        info = mlflow.pyfunc.log_model(
            name="model",
            loader_module=f"{package.name}.model.pyfunc",
            data_path=str(weights),
            code_paths=[str(package)],
            pip_requirements=requirements(features.cleaner, model),
            signature=SIGNATURE,
            input_example=EXAMPLE,
        )
    return info.model_uri


def model_digest(probabilities, point, classes, dataset):
    """Digest of a fitted model by what it does: its point, its probabilities on the validation split, and its dataset.

    Not of its files, which hold times and identifiers that differ between two fits of the same model.

    Args:
        probabilities: what it gives for the validation split, shape (documents, classes).
        point: dict of its hyperparameters.
        classes: their names in the order of the columns, a list of str.
        dataset: the dataset's digest. It counts as a whole: its test split, which the model has not seen, is what
            compare reads next.
    """
    return text_digest(json.dumps([dataset, point, classes, probabilities.tolist()]))


def requirements(cleaner, model):
    """The pinned packages that the served model imports, a list of str; given, since MLflow would load it to find out."""
    names = ["mlflow", "numpy", "pandas"]
    model = getattr(model, "members", [model])[0]
    if hasattr(model, "network"):
        names += ["tensorflow", "keras"]
        if hasattr(model, "tokenizer"):
            names += ["keras-hub", "tensorflow-text", "safetensors"]
    else:
        names += ["scikit-learn", "scipy", "skops"]
    if cleaner.stop_words == "english" and "scikit-learn" not in names:
        names.append("scikit-learn")
    if cleaner.stemming == "porter":
        names.append("nltk")
    return [f"{name}=={version(name)}" for name in names]


def _stage_code(folder):
    """Copy the served code into a package that is named after its content.

    A process that loads two models of different ages, or has a package called ``steps`` of its own, gets the right
    code for each.
    """
    files = [ROOT / "errors.py", *sorted((ROOT / "model").rglob("*.py"))]
    content = hashlib.sha256(b"\0".join(file.read_bytes() for file in files))
    package = folder / f"sentiment_{content.hexdigest()[:12]}"
    for file in files:
        target = package / file.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    (package / "__init__.py").touch()
    return package
