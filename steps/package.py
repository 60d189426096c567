"""Write a folder that builds an image of a registered model, with manifests, bill of materials and licences."""

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import mlflow
from mlflow import MlflowClient

from sentiment.deployment.folder import (
    SUMS,
    check_image,
    check_place,
    copy_sources,
    object_name,
    package_folder,
    plan_memory,
    put_in_place,
    write_sums,
    write_templates,
)
from sentiment.deployment.inventory import NOT_STATED, read_licences, write_bill
from sentiment.deployment.locking import make_environment, write_lock
from sentiment.deployment.trial import LONG, MANY, try_server
from sentiment.digests import folder_digest
from sentiment.paths import PROJECT_ROOT
from sentiment.registry.versions import find_version
from sentiment.results import model_files
from sentiment.tracking import (
    MODEL_VERSION,
    PACKAGE_BILL,
    PACKAGE_RUN,
    PACKAGE_SHA256,
    REGISTERED_MODEL,
    active_run,
)
from sentiment.workflow.parameters import PackageParameters

BILL, LICENCES, LOCK, MEMORY = "sbom.json", "licences.md", "requirements.txt", "memory.json"


def package(parameters: PackageParameters, hold: Callable[[], None]) -> None:
    model = parameters.registered_model
    image = check_image(parameters.image) or object_name(model)
    version = str(find_version(model, parameters.version).version)
    target = Path(parameters.folder or package_folder(model, version))
    check_place(target)
    mlflow.set_tags({REGISTERED_MODEL: model, MODEL_VERSION: version})
    files = model_files(f"models:/{model}/{version}")
    python = python_of(files)

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "package"
        shutil.copytree(files, folder / "model", ignore=shutil.ignore_patterns("__pycache__"))
        copy_sources(folder)
        write_lock([folder / "model" / "requirements.txt"], folder / LOCK, python)
        team = [PROJECT_ROOT / "requirements.in", PROJECT_ROOT / "requirements-team.txt"]
        write_lock(team, folder / "stack" / "requirements.txt", python)
        hold()
        interpreter = make_environment(folder / LOCK, Path(temporary) / "environment", python)
        write_bill(interpreter, folder / BILL, model, version, folder_digest(folder / "model"))
        peak = try_server(interpreter, folder / "model", folder / "server", Path(temporary), hold)

        memory = plan_memory(peak)
        asked = {"peak_bytes": peak, "texts_in_largest_request": MANY, "characters_of_each": LONG}
        (folder / MEMORY).write_text(json.dumps(asked, indent=1) + "\n", encoding="utf-8")
        licences = read_licences(folder / BILL)
        names = {"name": object_name(model), "model": model, "version": version, "image": image, "python": python}
        write_templates(folder, {**names, **memory, "licences": licences})
        digest = write_sums(folder)
        for name in (BILL, LICENCES, LOCK, MEMORY, SUMS):
            mlflow.log_artifact(str(folder / name))
        put_in_place(folder, target)

    mlflow.log_metrics({"peak_memory_mib": memory["memory_measured"], "packages": len(licences)})
    run_id = active_run().info.run_id
    tags = {PACKAGE_RUN: run_id, PACKAGE_BILL: f"runs:/{run_id}/{BILL}", PACKAGE_SHA256: digest}
    for tag, value in tags.items():
        MlflowClient().set_model_version_tag(model, version, tag, value)
    silent = ", ".join(name for (name, _), licence in licences.items() if licence == NOT_STATED)
    of_them = f", of which {silent} do not state a licence" if silent else ""
    print(
        f"package: {model} version {version} is in {target}, with {len(licences)} packages{of_them}. Its server was "
        f"tested, and needs {memory['memory_measured']} MiB of memory\n\ndocker build -t {image}:{version} {target}",
        flush=True,
    )


def python_of(model: Path) -> str:
    """The version of Python that a model was logged with."""
    return str(mlflow.models.Model.load(str(model)).flavors["python_function"]["python_version"])
