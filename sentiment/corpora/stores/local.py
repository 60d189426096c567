"""Files on this machine."""

from __future__ import annotations

import difflib
import glob
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from sentiment.corpora.hints import describe_missing
from sentiment.corpora.stores import MAGIC, base_of, changed, refuse_tables, suffix_of
from sentiment.digests import Digest, file_digest
from sentiment.errors import UserError

if TYPE_CHECKING:
    from mlflow.data.dataset_source import DatasetSource


@dataclass
class LocalFile:
    """A :class:`sentiment.corpora.stores.File` on this machine.

    Args:
        digested: size and modification time of the digested content.
    """

    name: str
    address: str
    part: str
    size: int | None
    digested: tuple[int, int] | None = None

    def open(self) -> BinaryIO:
        try:
            content = open(self.address, "rb")  # noqa: SIM115  # the reader closes it
        except OSError as error:
            how = ", let this user read it" if isinstance(error, PermissionError) else ""
            raise UserError(f"{self.name} cannot be read: {error.strerror}{how}") from error
        if self.digested not in (None, self._written()):
            content.close()
            raise changed(self)
        return content

    def open_seekable(self) -> str:
        self.open().close()  # raises the error that says why it cannot be read
        return self.address

    def digest(self) -> Digest | None:
        try:
            self.digested = self._written()
            return Digest(file_digest(self.address))
        except OSError:  # reading it says why
            return None

    def _written(self) -> tuple[int, int]:
        found = os.stat(self.address)
        return found.st_size, found.st_mtime_ns


def find(name: str, address: str) -> Sequence[LocalFile]:
    path = Path(address)
    if path.is_file():
        return [LocalFile(name, address, "", path.stat().st_size)]
    if path.is_dir():
        found = [str(file) for file in parquet_files(path)]
        base = address
        missing = "the folder has no Parquet files"
    else:
        base = base_of(path.as_posix()) or path.anchor
        found = sorted(file for file in glob.glob(address, recursive=True) if Path(file).is_file())
        missing = "no file matches"
    if not found and not (path.is_dir() or MAGIC & set(address)):
        beside = [file.name for file in path.parent.glob("*")] if path.parent.is_dir() else []
        close = difflib.get_close_matches(path.name, beside, n=1, cutoff=0.75)
        missing = f"there is no such file{f', did you mean {path.parent / close[0]}?' if close else ''}"
    if not found:
        raise UserError(f"{name}: {missing}{describe_missing(address)}")
    found = _each_once(found, base)
    warn_of_links(name, base or ".", found)
    _refuse_tables(name, Path(base), found)
    parts = [Path(file).relative_to(base or ".").as_posix() for file in found]
    return [LocalFile(f"{name}: {file}", file, part, Path(file).stat().st_size) for file, part in zip(found, parts)]


def _each_once(files: Sequence[str], base: str) -> list[str]:
    """The files below ``base``, without duplicates through links."""
    top, once = os.path.realpath(base), dict[str, str]()
    for file in files:
        real = os.path.realpath(file)
        if real not in once or real == os.path.join(top, os.path.relpath(file, base)):
            once[real] = file
    return sorted(once.values())


def warn_of_links(name: str, folder: str | Path, files: Sequence[str | Path]) -> None:
    """Print a warning if files below a folder lie elsewhere: whoever packed it may be after the user's other files.

    Args:
        name: the parameter and the address.
        folder: the folder.
        files: the files that are read.
    """
    top = os.path.join(os.path.realpath(folder), "")
    real = cache(os.path.realpath)
    linked = (file for file in files if os.path.islink(file) or not f"{real(os.path.dirname(file))}/".startswith(top))
    outside = [file for file in linked if not os.path.realpath(file).startswith(top)]
    if outside:
        print(
            f"warning: {name}: files outside the folder are read through links (count: {len(outside)}, the first: "
            f"{outside[0]} at {os.path.realpath(outside[0])}); remove the links if you did not make them",
            file=sys.stderr,
            flush=True,
        )


def _refuse_tables(name: str, base: Path, files: Sequence[str]) -> None:
    """:func:`refuse_tables` for the folders that Parquet files below ``base`` are in."""
    above = {folder for file in files if suffix_of(file) == ".parquet" for folder in Path(file).parents}
    patterns = ("_delta_log", "metadata/*.metadata.json")
    logs = (log for folder in above if folder.is_relative_to(base) for how in patterns for log in folder.glob(how))
    refuse_tables(name, base.as_posix(), (log.relative_to(base).as_posix() for log in logs))


def parquet_files(folder: Path) -> list[Path]:
    """The Parquet files in and below a folder, sorted, except where a part of the path begins with . or _."""
    return [file for file in files_below(folder, hidden=(".", "_")) if file.suffix.lower() == ".parquet"]


def files_below(folder: Path, hidden: tuple[str, ...] = (".",)) -> Iterator[Path]:
    """The files in and below a folder, sorted, each folder once.

    A link to a folder is followed, unless the folder itself is below this one, too.

    Args:
        folder: the folder.
        hidden: prefixes of the names of files and folders to leave out.

    Raises:
        UserError: a folder cannot be read.
    """
    top, seen = os.path.realpath(folder), set()

    def walk(inside: Path) -> Iterator[Path]:
        real = os.path.realpath(inside)
        if real in seen or inside.is_symlink() and is_below(real):
            return
        seen.add(real)
        try:
            entries = sorted(inside.iterdir())
        except OSError as error:
            raise UserError(f"{inside} cannot be read: {error.strerror}, let this user read it") from error
        for entry in entries:
            if entry.name.startswith(hidden):
                continue
            if entry.is_dir():
                yield from walk(entry)
            elif entry.is_file():
                yield entry

    def is_below(real: str) -> bool:
        inner = os.path.relpath(real, top).split(os.sep)
        return inner[0] != os.pardir and not any(part.startswith(hidden) for part in inner)

    return walk(folder)


def local_dataset_source(path: str) -> DatasetSource:
    """MLflow's own name for a file or folder of this machine."""
    from mlflow.data.sources import LocalArtifactDatasetSource  # type: ignore[attr-defined]  # defined at run time

    return LocalArtifactDatasetSource(path)
