"""Behaviour tests of the user's own, in a YAML file:

- {capability: sequels, text: Even better than the first one., label: positive}
- {capability: titles, text: I saw Alien., changed: I saw Aliens., expect: same}
- {capability: praise, text: A film., changed: A film. Superb!, expect: not lower}

The last one is about the positive score; the opposite is ``not higher``.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from sentiment.errors import UserError
from sentiment.evaluation.behaviour import DIRECTION, FUNCTIONALITY, INVARIANCE, NOT_HIGHER, NOT_LOWER, Case
from sentiment.evaluation.behaviour.outcomes import find_polarity

KEYS = {"capability", "text", "label"}, {"capability", "text", "changed", "expect"}
EXAMPLES = "{capability: c, text: t, label: l} or {capability: c, text: t, changed: u, expect: same}"


def read_cases(path: str, classes: Sequence[str]) -> list[Case]:
    """The cases of a file.

    Args:
        path: the file.
        classes: class names of the corpus.

    Raises:
        UserError: the file cannot be read, or an entry is not a valid case.
    """
    try:
        entries = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"behaviour={path} cannot be read as YAML: {error}") from error
    if not isinstance(entries, list) or not entries:
        raise UserError(f"behaviour={path}: expected a list of cases, such as {EXAMPLES}")
    return [
        _parse_case(f"behaviour={path}, case {number}", entry, classes) for number, entry in enumerate(entries, start=1)
    ]


def _parse_case(where: str, entry: Any, classes: Sequence[str]) -> Case:
    if (
        not isinstance(entry, dict)
        or set(entry) not in KEYS
        or not all(isinstance(part, str) for part in entry.values())
    ):
        raise UserError(f"{where}: expected texts such as {EXAMPLES}, got {entry!r}")
    polarity = find_polarity(classes)
    if "label" in entry:
        labels = [*classes, *polarity]
        if entry["label"] not in labels:
            raise UserError(f"{where}: label {entry['label']!r} is not a class: expected one of {', '.join(labels)}")
        return Case(entry["capability"], FUNCTIONALITY, entry["text"], expected=entry["label"])
    if entry["expect"] == "same":
        return Case(entry["capability"], INVARIANCE, entry["text"], entry["changed"])
    if entry["expect"] not in (NOT_LOWER, NOT_HIGHER):
        raise UserError(f"{where}: expect {entry['expect']!r}: expected same, {NOT_LOWER} or {NOT_HIGHER}")
    if not polarity:
        raise UserError(
            f"{where}: {entry['expect']} needs a positive and a negative class, and there are {', '.join(classes)}"
        )
    return Case(entry["capability"], DIRECTION, entry["text"], entry["changed"], entry["expect"])
