"""Files on a web server. A broken connection is resumed where it broke."""

from __future__ import annotations

import io
import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import requests
from urllib3.exceptions import HTTPError

from sentiment.corpora.stores import MAGIC, changed
from sentiment.digests import Digest, text_digest
from sentiment.errors import UserError

ATTEMPTS = 5  # in a row without a byte
PAUSE = 0.2  # seconds before the first retry, doubled before each further one
TIMEOUT = (10, 60)  # seconds: to connect, to wait for bytes
WHY = {
    401: "the server asks for a login: put it into ~/.netrc",
    403: "the server refuses it: a login goes into ~/.netrc",
    404: "there is no such file",
    410: "the file is gone",
}


@dataclass(frozen=True)
class WebFile:
    """A :class:`sentiment.corpora.stores.File` on a web server."""

    name: str
    address: str
    size: int | None
    tag: tuple[str, str] | None  # ETag or Last-Modified, and its value
    part: str = ""

    def open(self) -> BinaryIO:
        return cast(BinaryIO, io.BufferedReader(WebReader(self)))

    def open_seekable(self) -> Any:
        """A copy on this machine, which is deleted on closing: Parquet is read from its end."""
        copy = tempfile.TemporaryFile()  # noqa: SIM115  # the reader closes it
        with self.open() as content:
            shutil.copyfileobj(content, copy, 1024 * 1024)
        copy.seek(0)
        return copy

    def digest(self) -> Digest | None:
        return Digest(text_digest(f"{self.address} {self.size} {self.tag[1]}"), self.tag[0]) if self.tag else None


class WebReader(io.RawIOBase):
    """The bytes of a file, read sequentially.

    Raises:
        UserError: when it is read: the file has changed since, or the connection keeps breaking.
    """

    def __init__(self, file: WebFile) -> None:
        self._file, self._place = file, 0
        self._body: Any = None

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: Any) -> int:
        for attempt in range(ATTEMPTS):
            try:
                if self._body is None:
                    self._body = self._open()
                found = self._body.read(len(buffer))
            except (HTTPError, requests.RequestException, OSError) as error:
                reason = _innermost(error)
                self._body = None
                if attempt < ATTEMPTS - 1:
                    time.sleep(PAUSE * 2**attempt)
                continue
            buffer[: len(found)] = found
            self._place += len(found)
            return len(found)
        raise UserError(
            f"{self._file.name}: the connection broke after {self._place:,} bytes, and on each of {ATTEMPTS - 1} "
            f"retries ({reason}): try again, nothing is kept"
        )

    def close(self) -> None:
        if self._body is not None:
            self._body.close()
        super().close()

    def _open(self) -> Any:
        """The rest of the file, from the current position."""
        if self._place and self._file.tag is None:  # the rest may be of another content
            raise UserError(f"{self._file.name}: the connection broke after {self._place:,} bytes: start again")
        response = request(self._file.name, self._file.address, self._place)
        if _tag(response) != self._file.tag:
            raise changed(self._file)
        if self._place and response.status_code != 206:  # the server has no ranges: it starts from the beginning
            known = self._place
            while known:
                skipped = len(response.raw.read(min(known, 1024 * 1024)))
                if not skipped:
                    raise HTTPError("the file is shorter than before")
                known -= skipped
        return response.raw


def find(name: str, address: str) -> Sequence[WebFile]:
    if MAGIC & set(address.partition("?")[0]):
        raise UserError(f"{name}: a web server has no list of its files: give the address of one file")
    with request(name, address) as response:
        if response.headers.get("Content-Type", "").startswith("text/html"):
            raise UserError(f"{name} is a web page: give the address of the file itself, and put a login into ~/.netrc")
        size = response.headers.get("Content-Length")
        return [WebFile(name, address, int(size) if size else None, _tag(response))]


def request(name: str, address: str, start: int = 0) -> requests.Response:
    """Request a file, from a byte on; the login is from ~/.netrc, as for curl.

    Raises:
        UserError: the server does not answer, or does not send the file.
    """
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        response = requests.get(address, headers=headers, stream=True, timeout=TIMEOUT)
    except (requests.ConnectionError, requests.Timeout) as error:
        if start:  # the reader tries again
            raise
        why = f"the server does not answer ({_innermost(error)})"
        raise UserError(f"{name}: {why}: check the address, or try again") from error
    except requests.RequestException as error:
        raise UserError(f"{name}: {error}") from error
    if response.status_code >= 500 and start:
        raise HTTPError(f"status {response.status_code}")
    if not response.ok:
        why = WHY.get(response.status_code, f"the server answers {response.status_code} {response.reason}")
        raise UserError(f"{name}: {why}")
    return response


def _tag(response: requests.Response) -> tuple[str, str] | None:
    return next(((key, response.headers[key]) for key in ("ETag", "Last-Modified") if key in response.headers), None)


def _innermost(error: BaseException) -> str:
    """The root cause of an error, without the libraries' wrappers."""
    inner = error.args[-1] if error.args else error  # urllib3 has ``(message, cause)``
    text = str(getattr(inner, "reason", inner))
    return text.rpartition(": ")[2] or type(error).__name__
