"""Files in a bucket of S3, Google Cloud Storage or Azure, through pyarrow's own filesystems.

Credentials are those that the store's own tools use: AWS_ACCESS_KEY_ID or AWS_PROFILE (AWS_ENDPOINT_URL for MinIO and
others), Google's application default credentials, AZURE_STORAGE_CONNECTION_STRING or AZURE_STORAGE_ACCOUNT with a key
or the login of the az command.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

from sentiment.corpora.stores import BUFFER, MAGIC, base_of, changed, refuse_tables, suffix_of
from sentiment.digests import Digest, text_digest
from sentiment.errors import UserError

PATIENCE = 10  # seconds for which a request to Google is retried
TAGS = ("ETag", "etag", "generation")  # whichever of these a store has changes with the file
CREDENTIALS = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS, or `gcloud auth application-default login`",
    "abfs": "AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY, or `az login`",
}
REFUSED = re.compile(
    r"ACCESS_DENIED|UNAUTHORIZED|Unauthorized|Forbidden|AuthenticationFailed|AuthorizationFailure|PERMISSION_DENIED|"
    r"INVALID_ACCESS_KEY|InvalidAccessKeyId|SIGNATURE_DOES_NOT_MATCH|HTTP status 40[13]|HTTP Response code 40[13]|"
    r"credential|OAuth2 access token",
    re.I,
)
NO_BUCKET = re.compile(r"NO_SUCH_BUCKET|NoSuchBucket|ContainerNotFound|bucket does not exist", re.I)


@dataclass
class BucketFile:
    """A :class:`sentiment.corpora.stores.File` in a bucket.

    Args:
        filesystem: ``pyarrow.fs.FileSystem``.
        path: of the file there.
        digested: name and value of the store's tag of the digested content.
    """

    name: str
    address: str
    part: str
    size: int | None
    filesystem: Any
    path: str
    digested: tuple[str, str] | None = None

    def open(self) -> BinaryIO:
        with explained(self.name, self.address):
            stream = self.filesystem.open_input_stream(self.path, compression=None, buffer_size=8 * BUFFER)
        return cast(BinaryIO, io.BufferedReader(_Counted(self._unchanged(stream)), BUFFER))

    def open_seekable(self) -> Any:
        with explained(self.name, self.address):
            content = self.filesystem.open_input_file(self.path)
        return self._unchanged(content)

    def digest(self) -> Digest | None:
        try:
            with explained(self.name, self.address), self.filesystem.open_input_file(self.path) as content:
                self.digested = _tag(content)
        except UserError:  # reading it says why
            return None
        if self.digested is None:
            return None
        name, value = self.digested
        return Digest(text_digest(f"{self.address} {self.size} {value}"), name)

    def _unchanged(self, content: Any) -> Any:
        if self.digested not in (None, _tag(content)):
            content.close()
            raise changed(self)
        return content


def _tag(content: Any) -> tuple[str, str] | None:
    """The name and value by which a store distinguishes versions of a file."""
    known = {key: value.decode() for key, value in (content.metadata() or {}).items()}
    return next(((key, known[key]) for key in TAGS if known.get(key)), None)


class _Counted(io.RawIOBase):
    """A stream of pyarrow that knows its position."""

    def __init__(self, stream: Any) -> None:
        self._stream, self._place = stream, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        found = self._stream.read(len(buffer))
        buffer[: len(found)] = found
        self._place += len(found)
        return len(found)

    def tell(self) -> int:
        return self._place

    def close(self) -> None:
        self._stream.close()
        super().close()


def find(name: str, address: str) -> Sequence[BucketFile]:
    from pyarrow.fs import FileSelector, FileType

    filesystem, path = open_bucket(name, address)
    with explained(name, address):
        info = filesystem.get_file_info(path)
        if info.type == FileType.File:
            return [BucketFile(name, address, "", info.size, filesystem, path)]
        if MAGIC & set(path):
            base = base_of(path)
            try:
                wanted = translate(path)
            except re.error as error:
                raise UserError(f"{name}: the pattern cannot be read ({error}): write [[] for a bracket") from error
            deep = "/" in path[len(base) + 1 :]
        elif info.type == FileType.Directory:
            base, wanted, deep = path.rstrip("/"), re.compile(r".*\.parquet", re.I), True
        else:
            bucket = path.partition("/")[0]
            there = filesystem.get_file_info(bucket).type == FileType.Directory
            raise UserError(f"{name}: there is no such file" if there else f"{name}: there is no bucket {bucket}")
        listed = filesystem.get_file_info(FileSelector(base, recursive=deep))
    if not MAGIC & set(path) or suffix_of(path) == ".parquet":
        refuse_tables(name, address_of(address, base), (file.path[len(base) + 1 :] for file in listed))
    found = []
    for file in sorted(listed, key=lambda file: file.path):
        part = file.path[len(base) + 1 :]
        hidden = any(piece.startswith((".",) if MAGIC & set(path) else (".", "_")) for piece in part.split("/"))
        if file.type == FileType.File and wanted.fullmatch(file.path) and not hidden:
            below = address_of(address, file.path)
            found.append(BucketFile(f"{name}: {part}", below, part, file.size, filesystem, file.path))
    if not found:
        raise UserError(f"{name}: {'no file matches' if MAGIC & set(path) else 'the folder has no Parquet files'}")
    return found


def open_bucket(name: str, address: str) -> tuple[Any, str]:
    """The filesystem that an address is in, and its path there.

    Raises:
        UserError: pyarrow was built without it, or a requirement is missing.
    """
    scheme, _, path = address.partition("://")
    scheme = scheme.lower()
    try:
        with explained(name, address):
            if scheme == "s3":
                return _open_s3(path.partition("/")[0]), path
            if scheme == "gs":
                from pyarrow.fs import GcsFileSystem

                # It tries for 15 minutes by default, even without credentials.
                return GcsFileSystem(retry_time_limit=timedelta(seconds=PATIENCE)), path
            return _open_azure(name, path)
    except ImportError as error:
        raise UserError(
            f"{name}: this pyarrow was built without {scheme}://; type pip install --force-reinstall pyarrow"
        ) from error


def _open_s3(bucket: str) -> Any:
    from pyarrow.fs import S3FileSystem, resolve_s3_region

    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    options: dict[str, Any] = {"allow_delayed_open": True}  # a small file is one request
    if endpoint:
        options["endpoint_override"] = endpoint
    if not (endpoint or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")):
        with suppress(OSError):  # using it says why
            options["region"] = resolve_s3_region(bucket)
    return S3FileSystem(**options)


def _open_azure(name: str, path: str) -> tuple[Any, str]:
    from pyarrow.fs import AzureFileSystem

    container, _, below = path.partition("/")
    container, _, host = container.partition("@")
    pairs = (pair.partition("=") for pair in os.environ.get("AZURE_STORAGE_CONNECTION_STRING", "").split(";"))
    given = {key: value for key, _, value in pairs}
    account = host.partition(".")[0] or given.get("AccountName") or os.environ.get("AZURE_STORAGE_ACCOUNT")
    if not account:
        raise UserError(f"{name} names no storage account: expected abfs://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH")
    options: dict[str, Any] = {"account_name": account}
    if account == given.get("AccountName"):
        options["account_key"] = given.get("AccountKey")
        options["sas_token"] = given.get("SharedAccessSignature")
    else:
        options["account_key"] = os.environ.get("AZURE_STORAGE_KEY")
        options["sas_token"] = os.environ.get("AZURE_STORAGE_SAS_TOKEN")
    endpoint = urlsplit(given.get("BlobEndpoint", ""))
    if endpoint.netloc and account == given.get("AccountName"):  # azurite, or a national cloud
        options |= {f"{kind}_storage_authority": endpoint.netloc for kind in ("blob", "dfs")}
        options |= {f"{kind}_storage_scheme": endpoint.scheme for kind in ("blob", "dfs")}
    return AzureFileSystem(**{key: value for key, value in options.items() if value}), f"{container}/{below}"


def address_of(address: str, path: str) -> str:
    """The URI of a path in another URI's filesystem."""
    scheme, _, rest = address.partition("://")
    bucket = rest.partition("/")[0]
    return f"{scheme}://{bucket}/{path.partition('/')[2]}"


@contextmanager
def explained(name: str, address: str) -> Iterator[None]:
    """Turn a store's errors in the block into a UserError."""
    import pyarrow as pa

    try:
        yield
    except (OSError, pa.ArrowException) as error:  # Google's are of both
        raise _explain(name, address, error) from error


def _explain(name: str, address: str, error: Exception) -> UserError:
    """A store's error in one line that says what to do."""
    text = str(error).partition(" error_info=")[0]  # where Google repeats everything
    bucket = address.partition("://")[2].partition("/")[0].partition("@")[0]
    if isinstance(error, FileNotFoundError):
        return UserError(f"{name}: there is no such file")
    if NO_BUCKET.search(text):
        return UserError(f"{name}: there is no bucket {bucket}")
    if REFUSED.search(text):
        scheme = address.partition("://")[0].lower().replace("abfss", "abfs")
        return UserError(f"{name}: no permission. Credentials come from {CREDENTIALS[scheme]} ({text})")
    endpoint = ", or correct AWS_ENDPOINT_URL" if "AWS Error NETWORK_CONNECTION" in text else ""
    return UserError(f"{name} cannot be reached ({text}): try again{endpoint}")


def translate(pattern: str) -> re.Pattern[str]:
    """A pattern as a regular expression: ``*`` and ``?`` stay in one folder, ``**/`` is any number of them."""
    known = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    pieces = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\])", pattern)
    return re.compile(
        "".join(
            known.get(piece) or (piece.replace("[!", "[^", 1) if piece[:1] + piece[-1:] == "[]" else re.escape(piece))
            for piece in pieces
        )
    )


def exists(name: str, address: str) -> bool:
    """Whether there is a file at an address.

    Raises:
        UserError: there is no such bucket, or access is denied.
    """
    from pyarrow.fs import FileType

    filesystem, path = open_bucket(name, address)
    with explained(name, address):
        if filesystem.get_file_info(path.partition("/")[0]).type == FileType.NotFound:
            raise UserError(f"{name}: there is no bucket {path.partition('/')[0]}")
        return bool(filesystem.get_file_info(path).type == FileType.File)


def upload(name: str, file: Path, address: str) -> None:
    """Copy a file into a bucket, whole or not at all."""
    filesystem, path = open_bucket(name, address)
    with explained(name, address), open(file, "rb") as content:
        sink = filesystem.open_output_stream(path, compression=None)  # already compressed
        while piece := content.read(16 * BUFFER):
            sink.write(piece)
        sink.close()
