"""Digest of all that the result of a step depends on."""

import ast
import json
import os
import platform
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from sentiment.digests import file_digest, text_digest
from sentiment.labelling.labelers import find_labeler
from sentiment.model import families
from sentiment.model.text.subwords import Subwords
from sentiment.paths import PROJECT_ROOT

NOT_FOLLOWED = "sentiment.workflow"
NOT_DATA = (".py", ".pyc", ".pyi", "~", ".orig", ".rej")

_IMPORT = re.compile(r"^[ \t]*((?:from[ \t]+[\w.]+[ \t]+)?import[ \t]+(?:\([^()]*\)|[^\n;\\(]+))$", re.MULTILINE)


def fingerprint(
    entry_point: str,
    parameters: Mapping[str, Any],
    inputs: Mapping[str, str],
    source_digests: Mapping[str, str] | None = None,
) -> str:
    """Digest of a step: two runs with the same one have the same result.

    Args:
        entry_point: name of the step.
        parameters: its parameters, except those that name an input or do not change the result.
        inputs: from the name of an input to the digest of its content.
        source_digests: of its sources (:func:`digest_sources`); None: of their current content.

    Returns:
        SHA-256 in hexadecimal.
    """
    if source_digests is None:
        source_digests = digest_sources(entry_point, parameters.get("family"), parameters.get("label_by") or ())
    ingredients = {
        "entry_point": entry_point,
        "parameters": dict(parameters),
        "inputs": dict(inputs),
        "sources": dict(source_digests),
        "python": platform.python_version(),
        "packages": packages(parameters),
    }
    return text_digest(json.dumps(ingredients, sort_keys=True))


def packages(parameters: Mapping[str, Any]) -> dict[str, str]:
    """The versions of the installed packages on which the result of a step with these parameters depends.

    These are the packages of requirements.txt, and those that the step's family, its word vectors, its tokens and its
    labelers need.
    """
    requirements = (PROJECT_ROOT / "requirements.txt").read_text(encoding="utf-8")
    names = re.findall(r"^([\w.-]+)", requirements, re.MULTILINE)
    if family := parameters.get("family"):
        names += families.get_family(family).requirements
    if parameters.get("embedding") == "word2vec":
        names.append("gensim")
    if parameters.get("tokens", "word") != "word":
        names += Subwords.requirements
    for labeler in parameters.get("label_by") or ():
        names += find_labeler(labeler).REQUIREMENTS
    installed = installed_versions()
    return {name: installed[name] for name in map(_normalize, names) if name in installed}


@cache
def installed_versions() -> dict[str, str]:
    """The version of each installed package, by its normalized name.

    They are read from the names of the packages' folders: opening the metadata of all takes a tenth of a second, which
    is a lot in a rerun with nothing changed.
    """
    found = [info.stem.split("-")[:2] for entry in reversed(sys.path) for info in Path(entry).glob("*.dist-info")]
    return {_normalize(name): version for name, version in found}


def digest_sources(entry_point: str, family: str | None = None, labelers: Iterable[str] = ()) -> dict[str, str]:
    """The digest of each of the :func:`sources` of a step, by its path in the project."""
    return {
        path.relative_to(PROJECT_ROOT).as_posix(): file_digest(path) for path in sources(entry_point, family, labelers)
    }


def sources(entry_point: str, family: str | None = None, labelers: Iterable[str] = ()) -> list[Path]:
    """The project's files that a step depends on, sorted.

    These are the modules that it imports, directly or indirectly, at the top or inside a function, and the other files
    in their folders, such as page templates and word lists.

    ``sentiment.workflow`` is not followed: how a step is started and its parameters are checked does not change its
    result, and the values of the parameters count separately. Otherwise a new parameter of one step would make every
    other step run again.

    Args:
        entry_point: name of the step.
        family: the family of models that it fits; it is imported by name, which no import statement shows.
        labelers: the labelers of its texts, which are also imported by name.
    """
    modules = [f"steps.{entry_point}", "steps.__main__"]
    if family:
        families.get_family(family)  # refuses an unknown one
        modules.append(f"sentiment.model.families.{family}")
    modules += [find_labeler(labeler).__name__ for labeler in labelers]
    found: set[Path] = set()
    ahead = [file for module in modules for file in _files_of(module)]
    while ahead:
        file = ahead.pop()
        if file not in found:
            found.add(file)
            ahead += _imported(file, file.stat().st_mtime_ns)
    folders = {file.parent for file in found}
    return sorted(found | {file for folder in folders for file in _data_files(folder)})


def _data_files(folder: Path) -> Iterator[Path]:
    """The files of a folder that are not code, except hidden ones, editors' backups and leftovers of merges."""
    for entry in os.scandir(folder):
        if entry.is_file() and not entry.name.startswith((".", "#")) and not entry.name.endswith(NOT_DATA):
            yield folder / entry.name


@cache  # main calls it for every step, and they have most files in common
def _imported(file: Path, _modified: int) -> set[Path]:
    """The project's files that are executed when a file is imported, without those that they import in turn."""
    package = file.relative_to(PROJECT_ROOT).parent.parts
    names: set[str] = set()
    for node in ast.walk(_parse_imports(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            names.update(f"{base}.{alias.name}" for alias in node.names)  # a module, or a name in one
    return {other for name in names for other in _files_of(name)}


def _parse_imports(source: str) -> ast.Module:
    """Only the import statements of a file, in half the time of parsing all of it.

    All of it if the word also occurs elsewhere: in prose, or after other code.
    """
    found = _IMPORT.findall(source)
    if len(found) == len(re.findall(r"\bimport\b", source)):
        with suppress(SyntaxError):  # a line of prose begins like one
            return ast.parse("\n".join(found))
    return ast.parse(source)


@cache
def _files_of(name: str) -> list[Path]:
    """The project's files that are executed when a module is imported, or the one that defines a name."""
    package, _, _ = name.rpartition(".")
    files = _files_of(package) if package else []
    path = os.path.join(PROJECT_ROOT, *name.split("."))
    if f"{name}.".startswith(f"{NOT_FOLLOWED}."):
        return files
    return files + [Path(file) for file in (os.path.join(path, "__init__.py"), f"{path}.py") if os.path.isfile(file)]


def _normalize(name: str) -> str:
    """The name of a package as PEP 503 spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()
