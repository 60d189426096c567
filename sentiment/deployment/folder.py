"""The files of a package: those of ``templates/``, filled in, and copies of the model and of the project's code."""

import math
import re
import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sentiment.digests import file_digest
from sentiment.errors import UserError
from sentiment.paths import PROJECT_ROOT

TEMPLATES = Path(__file__).parent / "templates"
# The files of the project for an image's server, and for its stack.
SERVER_FILES = (
    "sentiment/__init__.py",
    "sentiment/deployment/__init__.py",
    "sentiment/deployment/server.py",
    "sentiment/serving/__init__.py",
    "sentiment/serving/requests.py",
)
STACK_FILES = ("sentiment", "steps", "MLproject", "LICENSE")
SUMS = "SHA256SUMS"
MIB = 2**20
SPARE = 1.25  # memory request, as a multiple of the measured memory
LIMIT = 1.5  # memory limit, as a multiple of the memory request
IMAGE = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?::\d+(?=/))?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")


def check_image(image: str) -> str:
    """The name of an image, which may be empty.

    Raises:
        UserError: invalid, or has a tag.
    """
    if image and not IMAGE.fullmatch(image):
        raise UserError(
            f"image={image}: expected a name in lower case without a tag, such as registry.example.org/team/sentiment"
        )
    return image


def object_name(name: str) -> str:
    """A registered model's name as one of a Kubernetes object or an image: lower case, digits and ``-``."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    # A Service of Kubernetes and an endpoint of Azure begin with a letter.
    return re.sub(r"^(?=\d|$)", "model-", words)[:40].strip("-")


def package_folder(name: str, version: str) -> Path:
    """The default folder of a version's package."""
    return Path(f"package-{object_name(name)}-{version}")


def plan_memory(peak: int) -> dict[str, int]:
    """The memory request and limit of a container, in MiB, in steps of 64.

    Args:
        peak: measured peak, in bytes.
    """
    request = 64 * math.ceil(peak * SPARE / MIB / 64)
    limit = 64 * math.ceil(request * LIMIT / 64)
    return {"memory_measured": math.ceil(peak / MIB), "memory": request, "memory_limit": limit}


def copy_sources(package: Path) -> None:
    """Copy the project's code into a package: ``server/`` for the image, ``stack/project/`` for the stack."""
    for name in SERVER_FILES:
        target = package / "server" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PROJECT_ROOT / name, target)
    for name in STACK_FILES:
        source, target = PROJECT_ROOT / name, package / "stack" / "project" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "tests"))
        else:
            shutil.copyfile(source, target)


def write_templates(package: Path, values: Mapping[str, Any]) -> None:
    """Fill in all files of ``templates/``, each into the same place in the package."""
    # None of them is HTML; a value that is missing is an error.
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, keep_trailing_newline=True, trim_blocks=True
    )
    for template in environment.list_templates():
        target = package / template
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(environment.get_template(template).render(values), encoding="utf-8")
        target.chmod((TEMPLATES / template).stat().st_mode)


def write_sums(package: Path) -> str:
    """Write the SHA-256 of each file of a package, for ``shasum -a 256 --check``, and return that of this list."""
    files = sorted(path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file())
    lines = [f"{file_digest(package / name)}  {name}\n" for name in files]
    (package / SUMS).write_text("".join(lines), encoding="utf-8")
    return file_digest(package / SUMS)


def check_package(name: str, version: str, digest: str) -> None:
    """Raise UserError if the folder of a version's package has another one in it: two names may have one folder.

    Args:
        name: registered model.
        version: its version.
        digest: what :func:`write_sums` returned when the version's package was written.
    """
    package = package_folder(name, version)
    sums = package / SUMS
    if package.is_dir() and not (sums.is_file() and file_digest(sums) == digest):
        raise UserError(
            f"{package}: it is not the package last written for version {version} of {name}: remove it and "
            f"write it with -e package -P registered_model={name} -P version={version}, or give -P manifests="
        )


def check_place(target: Path) -> None:
    """Raise UserError if :func:`put_in_place` would fail, before the package is made, which takes a minute."""
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise UserError(f"folder={target}: it exists, and is not empty: give another one, or remove it")
    if target.is_mount() or target.absolute() == Path.cwd():
        raise UserError(f"folder={target}: it cannot be replaced when the package is complete: give a folder in it")
    above = next(folder for folder in target.parents if folder.exists())
    try:
        with tempfile.TemporaryDirectory(dir=above):
            pass
    except OSError as error:
        raise UserError(f"folder={target}: a folder in {above} cannot be made ({error.strerror})") from error


def put_in_place(package: Path, target: Path) -> None:
    """Copy a package atomically to its target, which is an empty folder or does not exist."""
    target = target.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as beside:
        whole = Path(shutil.copytree(package, Path(beside) / target.name))
        for path in (whole, *whole.rglob("*")):  # an image, which has another user, keeps these modes
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        if target.exists():
            target.rmdir()
        whole.rename(target)
