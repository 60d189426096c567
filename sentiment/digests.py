"""SHA-256 digests of texts, files and folders, in hexadecimal, and commits of checkpoints on a hub."""

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

# Written into a model's folder later: bytecode and the version's name, by Python and MLflow when they load it; files of
# macOS and Windows, when users view it; and NFS's placeholders for files that were deleted while open.
NO_CONTENT = {"__pycache__", "registered_model_meta", ".DS_Store", "Thumbs.db", "desktop.ini"}
NO_CONTENT_PREFIXES = ("._", ".nfs")


class Digest(NamedTuple):
    """A value that changes when something else does.

    Args:
        value: the digest.
        of: what it was computed from: content, ETag, version.
    """

    value: str
    of: str = "content"


def text_digest(text: str) -> str:
    """SHA-256 of a text in UTF-8."""
    return bytes_digest(text.encode("utf-8"))


def bytes_digest(content: bytes) -> str:
    """SHA-256 of bytes."""
    return hashlib.sha256(content).hexdigest()


def file_digest(path: Path | str) -> str:
    """SHA-256 of a file's content."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_digest(folder: Path) -> str:
    """SHA-256 of a folder's content: the relative names and the contents of its :func:`content_files`."""
    return files_digest(folder, content_files(folder))


def content_files(folder: Path, above: frozenset[str] = frozenset()) -> list[Path]:
    """The files in and below a folder, also through links, except ``NO_CONTENT``.

    Args:
        folder: the folder.
        above: the real paths of the folders that it is in, which a link may lead back to.
    """
    real, found = os.path.realpath(folder), list[Path]()
    if real in above or not folder.is_dir():
        return found
    for path in folder.iterdir():
        if path.name in NO_CONTENT or path.name.startswith(NO_CONTENT_PREFIXES):
            continue
        if path.is_dir():
            found += content_files(path, above | {real})
        elif path.is_file():
            found.append(path)
    return found


def files_digest(folder: Path, files: Iterable[Path]) -> str:
    """SHA-256 of the names, relative to a folder, and the contents of files in it, in any order."""
    return text_digest(json.dumps([[path.relative_to(folder).as_posix(), file_digest(path)] for path in sorted(files)]))


def content_digest(path: Path) -> str:
    """SHA-256 of a file or folder."""
    return folder_digest(path) if path.is_dir() else file_digest(path)


def hub_revision(name: str) -> str | None:
    """The current commit of a name on the Hugging Face hub, or the cached one if the hub cannot be reached.

    Returns:
        The commit, or None if it cannot be determined.
    """
    try:
        from huggingface_hub import snapshot_download

        return Path(snapshot_download(name, allow_patterns="config.json")).name  # the folder's name is the commit
    except (OSError, ValueError, ImportError):  # the step that needs the checkpoint says what is wrong
        return None
