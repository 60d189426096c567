"""What the result of a step depends on, as one digest."""

import hashlib
import json
from modulefinder import ModuleFinder

from steps import models
from steps.workflow.parameters import PROJECT_ROOT

FINGERPRINT, OUTPUT_DIGEST = "step.fingerprint", "step.output_digest"  # tags


def fingerprint(entry_point, parameters, inputs):
    """Digest of a step: two runs with the same one have the same result.

    Args:
        entry_point: name of the entry point.
        parameters: dict of its resolved parameters, those that name an input and those without influence left out.
        inputs: dict from the name of an input to the digest of its content.

    Returns:
        SHA-256 in hexadecimal.
    """
    ingredients = {
        "entry_point": entry_point,
        "parameters": parameters,
        "inputs": inputs,
        "sources": {
            path.relative_to(PROJECT_ROOT).as_posix(): file_digest(path)
            for path in sources(entry_point, parameters.get("family"), parameters.get("pretrained"))
        },
        "requirements": file_digest(PROJECT_ROOT / "requirements.txt"),
    }
    return text_digest(json.dumps(ingredients, sort_keys=True))


def sources(entry_point, family=None, pretrained=None):
    """The project's files that a step imports, directly or not, at its start or inside a function: sorted Paths."""
    steps = PROJECT_ROOT / "steps"
    scripts = [steps / f"{entry_point}.py", steps / "__main__.py"]
    excluded = {"steps.models.keras_model", "steps.models.finetuned"}
    if family:  # chosen by its name, which no import statement shows
        scripts.append(steps / "models" / f"{family}.py")
        if models.is_keras(family):
            scripts.append(steps / "models" / "keras_model.py")
            excluded.remove("steps.models.keras_model")
        if pretrained:
            excluded.remove("steps.models.finetuned")
    finder = ModuleFinder(path=[str(PROJECT_ROOT)], excludes=list(excluded))
    for script in scripts:
        name = ".".join(script.relative_to(PROJECT_ROOT).with_suffix("").parts)
        finder.import_hook(name)
    found = {module.__file__ for module in finder.modules.values() if module.__file__}
    return sorted(PROJECT_ROOT / file for file in found)


def file_digest(path):
    """SHA-256 of a file's content, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_digest(folder):
    """SHA-256 of a folder's content: the relative names and the contents of its files."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return text_digest(json.dumps([[path.relative_to(folder).as_posix(), file_digest(path)] for path in files]))


def text_digest(text):
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
