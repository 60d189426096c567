"""What the result of a step depends on, as one digest."""

import json
from collections.abc import Mapping
from modulefinder import ModuleFinder
from pathlib import Path
from typing import Any

from sentiment.digests import file_digest, text_digest
from sentiment.model import families
from sentiment.paths import PROJECT_ROOT


def fingerprint(entry_point: str, parameters: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
    """Digest of a step: two runs with the same one have the same result.

    Args:
        entry_point: name of the step.
        parameters: its parameters, without those that name an input or do not change the result.
        inputs: from the name of an input to the digest of its content.

    Returns:
        SHA-256 in hexadecimal.
    """
    ingredients = {
        "entry_point": entry_point,
        "parameters": dict(parameters),
        "inputs": dict(inputs),
        "sources": {
            path.relative_to(PROJECT_ROOT).as_posix(): file_digest(path)
            for path in sources(entry_point, parameters.get("family"))
        },
        "requirements": file_digest(PROJECT_ROOT / "requirements.txt"),
    }
    return text_digest(json.dumps(ingredients, sort_keys=True))


def sources(entry_point: str, family: str | None = None) -> list[Path]:
    """The project's files that a step depends on, sorted.

    These are the modules that it imports, directly or not, at its start or inside a function, and the page templates
    beside them.

    ``sentiment.workflow`` is not followed: how a step is started and its parameters are checked does not change its
    result, and the values of the parameters are an ingredient of their own. Else a new parameter of one step would make
    every other step run again.

    Args:
        entry_point: name of the step.
        family: the family of models that it fits; it is imported by its name, which no import statement shows.
    """
    modules = [f"steps.{entry_point}", "steps.__main__"]
    if family:
        families.get_family(family)  # refuses an unknown one
        modules.append(f"sentiment.model.families.{family}")
    finder = ModuleFinder(path=[str(PROJECT_ROOT)], excludes=["sentiment.workflow"])
    for module in modules:
        finder.import_hook(module)
    found = (getattr(module, "__file__", None) for module in finder.modules.values())
    files = {PROJECT_ROOT / file for file in found if file}
    return sorted(files | {template for file in files for template in file.parent.glob("*.html")})
