"""What the result of a step depends on, as one digest."""

import json
from modulefinder import ModuleFinder

from sentiment.digests import file_digest, text_digest
from sentiment.model import families
from sentiment.paths import PROJECT_ROOT


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
    scripts = [PROJECT_ROOT / "steps" / f"{entry_point}.py", PROJECT_ROOT / "steps" / "__main__.py"]
    model = PROJECT_ROOT / "sentiment" / "model"
    excluded = {"sentiment.model.network.model", "sentiment.model.families.finetuned"}
    if family:  # chosen by its name, which no import statement shows
        scripts.append(model / "families" / f"{family}.py")
        if families.is_keras(family):
            scripts.append(model / "network" / "model.py")
            excluded.remove("sentiment.model.network.model")
        if pretrained:
            excluded.remove("sentiment.model.families.finetuned")
    finder = ModuleFinder(path=[str(PROJECT_ROOT)], excludes=list(excluded))
    for script in scripts:
        name = ".".join(script.relative_to(PROJECT_ROOT).with_suffix("").parts)
        finder.import_hook(name)
    found = {module.__file__ for module in finder.modules.values() if module.__file__}
    return sorted(PROJECT_ROOT / file for file in found)
