"""A fitted model as an MLflow model that does not need this project: its weights, its code and its requirements."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import Model as LoggedModel
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema

from sentiment import errors
from sentiment.digests import file_digest, folder_digest, text_digest
from sentiment.features.store import Features
from sentiment.model import pyfunc
from sentiment.model.families import Model, get_family
from sentiment.model.space import Params
from sentiment.results import model_files

# The input column has no name in the signature: with a name MLflow would refuse a list of texts. The example shows the
# name, and the model accepts no other column.
SIGNATURE = ModelSignature(
    inputs=Schema([ColSpec("string")]),
    outputs=Schema([ColSpec("string", "label"), ColSpec("double", "score")]),
    params=ParamSchema([ParamSpec("probabilities", "boolean", False)]),
)
# MLflow's own flavors have other params.
FLAVOR_SIGNATURE = ModelSignature(SIGNATURE.inputs, SIGNATURE.outputs)
EXAMPLE = pd.DataFrame({"text": ["A gem. I laughed all the way home.", "Two hours that I will never get back."]})

BASE_REQUIREMENTS = ("mlflow", "numpy", "pandas")
MODEL_FOLDER = Path(pyfunc.__file__).parent  # packaged whole,
ERRORS_FILE = Path(errors.__file__)  # together with the only module that it imports from outside


def log_model(family: str, features: Features, model: Model) -> str:
    """Log a fitted model to the active run, as its model ``model``.

    Args:
        family: name of the family.
        features: what the model was fitted on.
        model: the fitted model.

    Returns:
        Its URI, ``models:/m-…``.
    """
    uri = get_family(family).log_model(model, name="model", signature=FLAVOR_SIGNATURE, input_example=EXAMPLE)
    if uri is not None:
        return uri
    with tempfile.TemporaryDirectory() as temporary:
        weights = Path(temporary) / "weights"
        weights.mkdir()
        pyfunc.save(weights, family, features.cleaner, features.classes, model)
        package = copy_code(Path(temporary))
        # MLflow tries the model on its example from the folder that it then logs, which should not contain bytecode.
        sys.dont_write_bytecode = True
        info = mlflow.pyfunc.log_model(
            name="model",
            loader_module=f"{package.name}.model.pyfunc",
            data_path=str(weights),
            code_paths=[str(package)],
            pip_requirements=pin_requirements(*get_family(family).requirements, *features.cleaner.requirements),
            signature=SIGNATURE,
            input_example=EXAMPLE,
        )
        # MLflow has loaded the model from the folder that is removed here. Left in place, its modules would be taken
        # for those of another family's model, which has the same code and needs other modules of it.
        for name in [name for name in sys.modules if name.partition(".")[0] == package.name]:
            del sys.modules[name]
    return info.model_uri


def pin_requirements(*names: str) -> list[str]:
    """The packages of a served model with their installed versions. MLflow would load the model to find them out."""
    return [f"{name}=={version(name)}" for name in dict.fromkeys((*BASE_REQUIREMENTS, *names))]


def copy_code(folder: Path) -> Path:
    """Copy the code of a served model into a package that is named after its content.

    The name keeps the code of models of different ages apart when one process loads several of them, and apart from any
    other package.

    Returns:
        The package's folder.
    """
    package = folder / "package"
    shutil.copytree(MODEL_FOLDER, package / "model", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ERRORS_FILE, package / ERRORS_FILE.name)
    (package / "__init__.py").touch()
    content = hashlib.sha256()
    for file in sorted(path for path in package.rglob("*") if path.is_file()):
        content.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return package.rename(folder / f"sentiment_{content.hexdigest()[:12]}")


def package_digest(uri: str) -> str:
    """Digest of what a logged model has beside its weights: code, requirements, example and signature.

    The file MLmodel, which has the signature, also holds times and ids that differ from fit to fit.
    """
    folder = model_files(uri)
    signature = LoggedModel.load(str(folder)).signature
    files = {file.name: file_digest(file) for file in folder.iterdir() if file.is_file() and file.name != "MLmodel"}
    parts = [files, folder_digest(folder / "code"), signature and signature.to_dict()]
    return text_digest(json.dumps(parts, sort_keys=True))


def model_digest(
    probabilities: Sequence[np.ndarray], package: str, params: Params, classes: list[str], dataset: str
) -> str:
    """Digest of a fitted model by its behavior and its code. Its weights' files differ from fit to fit.

    Args:
        probabilities: predictions for texts on which the evaluated model was not fitted, shape (documents, classes): of
            that model, and of the one that is served where that is another.
        package: digest of its code (:func:`package_digest`).
        params: its hyperparameters.
        classes: their names in the order of the columns.
        dataset: the dataset's digest. All of the dataset counts: its test split, which the model has not seen, is what
            compare reads next.
    """
    return text_digest(json.dumps([dataset, package, params, classes, [each.tolist() for each in probabilities]]))
