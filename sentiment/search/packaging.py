"""A fitted model as an MLflow model that does not need this project: its weights, its code and its requirements."""

from __future__ import annotations

import ast
import hashlib
import json
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
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
from sentiment.errors import UserError
from sentiment.features.store import Features
from sentiment.model import ensemble, pyfunc
from sentiment.model.families import ENSEMBLE, Model, get_family, needs_own_process
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
    """Log a fitted model to the active run, under the name of its family, by which MLflow's pages tell it from others.

    Args:
        family: name of the family.
        features: what the model was fitted on.
        model: the fitted model.

    Returns:
        Its URI, ``models:/m-…``.
    """
    uri = get_family(family).log_model(model, name=family, signature=FLAVOR_SIGNATURE, input_example=EXAMPLE)
    if uri is not None:
        return uri
    with tempfile.TemporaryDirectory() as temporary:
        weights = Path(temporary) / "weights"
        weights.mkdir()
        pyfunc.save(weights, family, features.cleaner, features.classes, model)
        package = copy_code(Path(temporary))
        requirements = pin_requirements(*get_family(family).packages(features))
        return _log_pyfunc(family, f"{package.name}.model.pyfunc", weights, [package], requirements)


def log_ensemble(uris: Mapping[str, str], weights: Mapping[str, float]) -> str:
    """Log an ensemble to the active run, as its model ``ensemble``: copies of its members, each with its own code.

    Args:
        uris: from a family to the URI of its model (:func:`can_be_member`).
        weights: from each member's family to its weight, above 0, with sum 1.

    Returns:
        Its URI, ``models:/m-…``.
    """
    with tempfile.TemporaryDirectory() as temporary:
        package = copy_code(Path(temporary))
        packages, requirements = {package.name: package}, []
        members, files = [], []
        for family, weight in weights.items():
            folder = model_files(uris[family])
            flavor = _pyfunc_flavor(folder)
            members.append(ensemble.Member(family, weight, flavor["loader_module"]))
            files.append(folder / flavor["data"])
            packages |= {code.name: code for code in (folder / flavor["code"]).iterdir() if code.name not in packages}
            lines = (folder / "requirements.txt").read_text(encoding="utf-8").splitlines()
            requirements += [line.partition("==")[0] for line in lines]
        data = Path(temporary) / "members"
        data.mkdir()
        ensemble.save(data, members, files)
        # The versions are those with which the comparison measures it, also of a member that is older.
        pinned = pin_requirements(*requirements)
        return _log_pyfunc(ENSEMBLE, f"{package.name}.model.ensemble", data, packages.values(), pinned)


def can_be_member(family: str, uri: str) -> bool:
    """Whether a model of a family can be part of an ensemble: it has been packaged here, and can live beside others."""
    return not needs_own_process(family) and bool(_pyfunc_flavor(model_files(uri)).get("code"))


def _pyfunc_flavor(folder: Path) -> dict[str, str]:
    """What the file MLmodel in a model's folder says of how to load it."""
    return LoggedModel.load(str(folder)).flavors["python_function"]


def _log_pyfunc(name: str, loader: str, data: Path, packages: Iterable[Path], requirements: list[str]) -> str:
    """Log a folder as a model of the active run, with the packages that load it, and return its URI."""
    # MLflow tries the model on its example from the folder that it then logs, which should not contain bytecode.
    sys.dont_write_bytecode = True
    info = mlflow.pyfunc.log_model(
        name=name,
        loader_module=loader,
        data_path=str(data),
        code_paths=[str(package) for package in packages],
        pip_requirements=requirements,
        signature=SIGNATURE,
        input_example=EXAMPLE,
    )
    # MLflow has loaded the model from a folder that it then removes. Left in place, its modules would be taken for
    # those of another model, which has the same code and needs other modules of it.
    names = {package.name for package in packages}
    for module in [module for module in sys.modules if module.partition(".")[0] in names]:
        del sys.modules[module]
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

    Raises:
        UserError: a file imports the project by its name, which only works where the project is.
    """
    package, without = folder / "package", shutil.ignore_patterns("__pycache__")
    shutil.copytree(MODEL_FOLDER, package / "model", ignore=without, copy_function=shutil.copyfile)
    for path in (package, *package.rglob("*")):
        if path.is_dir():  # MLflow copies it with its modes, and writes into the copy: a checkout may be read-only
            path.chmod(0o755)
    shutil.copyfile(ERRORS_FILE, package / ERRORS_FILE.name)
    (package / "__init__.py").touch()
    content = hashlib.sha256()
    for file in sorted(path for path in package.rglob("*") if path.is_file()):
        name, data = file.relative_to(package).as_posix(), file.read_bytes()
        if file.suffix == ".py" and (line := _line_of_absolute_import(data)):
            raise UserError(
                f"sentiment/{name}:{line} imports the project by its name, which a served model does not find: "
                "expected a relative import, such as from ..families"
            )
        content.update(name.encode() + b"\0" + data + b"\0")
    return package.rename(folder / f"sentiment_{content.hexdigest()[:12]}")


def _line_of_absolute_import(source: bytes) -> int | None:
    """The line of a file that imports the project by its name; None where there is none."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        else:
            continue
        if {name.partition(".")[0] for name in names} & {"sentiment", "steps"}:
            return node.lineno
    return None


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
