"""The contents of a packaged model: a CycloneDX bill of materials, and the licences of what is served."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from sentiment.errors import UserError

NOT_STATED = "not stated"


def write_bill(interpreter: Path, file: Path, name: str, version: str, digest: str) -> None:
    """Write the CycloneDX bill of materials (JSON, version 1.6) of a model and the environment that serves it.

    Args:
        interpreter: of the environment.
        file: the file to write.
        name: registered model.
        version: its version.
        digest: SHA-256 of the model's files (:func:`sentiment.digests.folder_digest`).

    Raises:
        UserError: cyclonedx-bom is not installed, or fails.
    """
    # Its own validation takes longer than all the rest, and the tests do it.
    options = ["--no-validate", "--gather-license-texts", "--output-reproducible", "--output-format", "JSON"]
    command = [sys.executable, "-m", "cyclonedx_py", "environment", *options, "--output-file", str(file)]
    command.append(str(interpreter))
    process = subprocess.run(command, capture_output=True, text=True)
    if "No module named cyclonedx_py" in process.stderr:
        raise UserError("package needs cyclonedx-bom: pip install -r requirements-package.txt")
    if process.returncode:
        raise UserError(f"cyclonedx-py failed: {process.stderr.strip()[-1000:]}")
    bill = json.loads(file.read_text(encoding="utf-8"))
    bill["metadata"]["component"] = {
        "type": "machine-learning-model",
        "bom-ref": f"{name}@{version}",
        "name": name,
        "version": version,
        "properties": [{"name": "sha256", "value": digest}],  # of a folder; a CycloneDX hash is that of a file
    }
    file.write_text(json.dumps(bill, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_licences(bill: Path) -> dict[tuple[str, str], str]:
    """The licence of each component of a bill of materials, from name and version, in the order of the names."""
    components = json.loads(bill.read_text(encoding="utf-8"))["components"]
    return {
        (component["name"], component["version"]): _describe(component.get("licenses", ()))
        for component in sorted(components, key=lambda component: component["name"].lower())
    }


def _describe(licences: Any) -> str:
    """The licences that a package declares: by SPDX ids, else by classifiers, else in words, else a file."""
    ids, classifiers, words, files = [], [], [], []
    for entry in licences:
        licence = entry.get("license", {})
        name, text = licence.get("name", ""), licence.get("text", {})
        if spdx := entry.get("expression") or licence.get("id"):
            ids.append(spdx)
        elif "encoding" in text:
            files.append(name)
        elif text:  # the name of a licence, or all of it
            words.append(text["content"].strip().partition("\n")[0])
        elif name != "License :: OSI Approved":  # which are many
            classifiers.append(name.rpartition(" :: ")[2])
    return ", ".join(ids or classifiers or words or files) or NOT_STATED
