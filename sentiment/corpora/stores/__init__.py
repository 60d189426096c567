"""Stores of files: this machine, web servers, and buckets of S3, Google or Azure. One module per store.

``main`` imports these modules and starts without pyarrow, so it is imported where it is used.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import re
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any, BinaryIO, Protocol
from urllib.parse import urlsplit

from sentiment.digests import Digest, text_digest
from sentiment.errors import UserError

MAGIC = frozenset("*?[")  # these make an address a pattern
# Distinguishes a Delta or Iceberg table from a folder of Parquet files.
TABLE_FILE = re.compile(r"(?:(?P<folder>.+)/)?(?:_delta_log(?:/.*)?|(?P<iceberg>metadata/[^/]+\.metadata\.json))$")
BUFFER = 1024 * 1024  # bytes
COMPRESSIONS = (".gz", ".bz2", ".xz", ".zst")
WEB = ("http", "https")
BUCKETS = ("s3", "gs", "abfs", "abfss")


class File(Protocol):
    """A file in a store.

    Attributes:
        name: the parameter and the address, for messages.
        address: its path or URI.
        part: its path below the folder of a pattern, which distinguishes its rows from the other files'; empty for a
            single file.
        size: in bytes; None if the store does not say.
    """

    @property
    def name(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def part(self) -> str: ...
    @property
    def size(self) -> int | None: ...

    def open(self) -> BinaryIO:
        """The bytes, to be read sequentially.

        Raises:
            UserError: they cannot be read, or have changed since a digest was taken.
        """

    def open_seekable(self) -> Any:
        """The bytes for random access, as pyarrow reads them: a path or a file; raises as :meth:`open`."""

    def digest(self) -> Digest | None:
        """Digest of the content, or of the store's own tag or version of it; None if it has none."""


class _Reading(io.RawIOBase):
    """The decompressed bytes of a file. Any failure is a UserError that names the file."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._stored = file.open()
        self._content = _decompress(self._stored, compression_of(file.address))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            found = self._content.read(len(buffer))
        except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
            raise self._broken(error) from error
        except OSError as error:  # includes those of pyarrow, bz2 and requests
            if "ompress" in str(error) or "Invalid data stream" in str(error):
                raise self._broken(error) from error
            raise UserError(f"{self._file.name} cannot be read to its end: {error}") from error
        buffer[: len(found)] = found
        return len(found)

    def consumed(self) -> int:
        return self._stored.tell()

    def close(self) -> None:
        if not self.closed:
            self._stored.close()
        super().close()

    def _broken(self, error: Exception) -> UserError:
        return UserError(
            f"{self._file.name} cannot be decompressed ({error}): it is cut short or broken, copy it again"
        )


class _Members:
    """The decompressed bytes of a bzip2 or xz file: of all its members, one after the other, or padded with zeros.

    Python's own readers end at the first bytes that begin no member, and silently skip the members after them.

    Args:
        stored: the file.
        begin: creates the decompressor of a member.
    """

    def __init__(self, stored: BinaryIO, begin: Callable[[], Any]) -> None:
        self._stored, self._begin = stored, begin
        self._member, self._behind = begin(), b""

    def read(self, size: int) -> bytes:
        found = b""
        while not found:
            compressed = b""
            if self._member.eof or self._member.needs_input:
                compressed = self._behind or self._stored.read(BUFFER)
                self._behind = b""
                if not compressed and not self._member.eof:
                    raise EOFError("its end is missing")
                if not compressed:
                    break
            if self._member.eof:
                compressed = compressed.lstrip(b"\0")
                if not compressed:
                    continue
                self._member = self._begin()
            found = self._member.decompress(compressed, size)
            self._behind = self._member.unused_data
        return found


class Content(io.BufferedReader):
    """The decompressed bytes of a file, buffered."""

    def __init__(self, file: File) -> None:
        self._reading = _Reading(file)
        super().__init__(self._reading, BUFFER)

    def consumed(self) -> int:
        """The number of bytes of the stored file that have been read."""
        return self._reading.consumed()


def find_files(name: str, address: str) -> Sequence[File]:
    """The files that an address names: one, those that match a pattern, or the Parquet files in a folder.

    Args:
        name: the parameter and the address, for messages.
        address: a path, or a URI of one of the stores.

    Raises:
        UserError: there are none, or access is denied.
    """
    scheme = scheme_of(address)
    if scheme in WEB:
        from sentiment.corpora.stores import web

        return web.find(name, address)
    if scheme in BUCKETS:
        from sentiment.corpora.stores import buckets

        return buckets.find(name, address)
    from sentiment.corpora.stores import local

    return local.find(name, address)


def digest_files(files: Sequence[File]) -> Digest | None:
    """One digest of all files, or None if one has none."""
    digests = [file.digest() for file in files]
    known = [digest for digest in digests if digest]
    if len(known) < len(digests) or not known:
        return None
    if len(files) == 1 and not files[0].part:
        return known[0]
    named = [[file.part, digest.value] for file, digest in zip(files, known)]
    return Digest(text_digest(json.dumps(named)), known[0].of)


def changed(file: File) -> UserError:
    """The error for a file that has changed since its digest was computed."""
    return UserError(f"{file.name} has changed while it was read: start again")


def refuse_tables(name: str, address: str, paths: Iterable[str]) -> None:
    """Raise UserError if there is a Delta or Iceberg table among files: its Parquet files include deleted rows.

    Args:
        name: the parameter and the address, for messages.
        address: the folder.
        paths: of the files in and below it, relative to it.
    """
    for found in filter(None, map(TABLE_FILE.match, paths)):
        folder = "/".join(filter(None, (address.rstrip("/"), found["folder"])))
        kind, form = "Delta", f"{'delta+' if scheme_of(folder) else ''}{folder}"
        if found["iceberg"]:
            kind, form = "Iceberg", "iceberg://CATALOG/NAMESPACE.TABLE"
        raise UserError(
            f"{name}: {folder} is a table of {kind}, whose Parquet files hold more than its rows: give it as {form}"
        )


def scheme_of(address: str) -> str:
    """The scheme of a URI in lower case; empty for a path."""
    scheme, separator, _ = address.partition("://")
    return scheme.lower() if separator else ""


def compression_of(address: str) -> str:
    """The last suffix, if it is that of a compression; else empty."""
    suffix = PurePosixPath(_path(address)).suffix.lower()
    return suffix if suffix in COMPRESSIONS else ""


def suffix_of(address: str) -> str:
    """The suffix of a file's format, without that of its compression, in lower case."""
    path = _path(address)
    return PurePosixPath(path[: len(path) - len(compression_of(address))]).suffix.lower()


def base_of(path: str) -> str:
    """The folder above the first part of a path that is a pattern; for another path, its parent folder."""
    parts = path.split("/")
    first = next((place for place, part in enumerate(parts) if MAGIC & set(part)), len(parts) - 1)
    return "/".join(parts[:first])


def _path(address: str) -> str:
    if scheme_of(address) in WEB:
        return urlsplit(address).path
    return address.partition("://")[2] if "://" in address else address


def _decompress(stored: BinaryIO, compression: str) -> Any:
    if compression == ".gz":
        return gzip.GzipFile(fileobj=stored)
    if compression == ".bz2":
        return _Members(stored, bz2.BZ2Decompressor)
    if compression == ".xz":
        return _Members(stored, lzma.LZMADecompressor)
    if compression == ".zst":
        import pyarrow as pa

        return pa.CompressedInputStream(stored, "zstd")
    return stored
