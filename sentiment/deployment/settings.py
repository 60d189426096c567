"""The file of parameter ``settings``: what a cloud needs except credentials."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from sentiment.errors import UserError
from sentiment.workflow.command_line import suggest


def read_settings(file: Path, names: Sequence[str]) -> dict[str, Any]:
    """The settings in a YAML file; UserError if it is not one, or has a name that is not in ``names``."""
    try:
        settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"settings={file}: expected a YAML file: {error}") from error
    if not isinstance(settings, dict):
        raise UserError(f"settings={file}: expected names and values, such as {names[0]}: …")
    for name in settings:
        if name not in names:
            raise UserError(f"settings={file}: {name} is not known: {suggest(str(name), names)}")
    return settings
