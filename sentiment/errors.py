"""The exceptions that a user sees as one line, and what such a line never shows."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

# Of a query: the signature of a link that lets in whoever has it, and what else is no business of others.
_SECRET = re.compile(
    r"(?<=[?&;])((?:[\w.-]*(?:signature|token|secret|password|passwd|passphrase|passcode|credential)"
    r"|sig|pwd|(?:api|access|account|subscription|functions?)[_-]?key|auth|jwt"
    r"|(?:key|code)(?==(?=[\w%-]*\d)(?=[\w%-]*[a-z])[\w%-]{20,}(?:[&;#\s'\"]|$)))=)"
    r"([^&;#\s'\"]+)",
    re.IGNORECASE,
)
# Drivers of databases take a password with / ? or # in it as it is; what begins as a port does is none.
_USERINFO = re.compile(r"\b([a-z][\w+.-]*)://([^/?#\s'\"]*|[^:/?#\s'\"]*:(?!\d+(?:[/?#]|$))[^@\s'\"]*)@", re.IGNORECASE)
# Of a database the password may have quotes and blanks, too, up to the @ before the host.
_WITH_BLANKS = re.compile(
    r"\b(?!https?:)([a-z][\w+.-]*)://[^/?#@\s]*:(?!\d+(?:[/?#\s,;]|$))[^@\n]{1,100}@", re.IGNORECASE
)
_USER_ONLY_IS_SECRET = ("http", "https", "s3", "gs", "hf")  # a token, a key; a database's user is none
_CONTAINER = ("abfs", "abfss", "wasb", "wasbs")  # before @ stands a container


def hide_credentials(text: str) -> str:
    """The text without the userinfo, ``user:password@`` or ``token@``, and the signatures of the URLs in it."""
    shown = _USERINFO.sub(lambda found: found[0] if _is_container(found) else f"{found[1]}://", text)
    shown = _WITH_BLANKS.sub(r"\1://", shown)
    return _SECRET.sub(r"\1…", shown)


def has_credentials(text: str) -> bool:
    """Whether a URL in the text lets in whoever has it: it has a password, a token or a signature."""
    return bool(_SECRET.search(text) or _WITH_BLANKS.match(text)) or any(
        ":" in found[2] or _store_of(found) in _USER_ONLY_IS_SECRET
        for found in _USERINFO.finditer(text)
        if not _is_container(found)
    )


def _is_container(userinfo: re.Match[str]) -> bool:
    return _store_of(userinfo) in _CONTAINER and ":" not in userinfo[2]


def _store_of(userinfo: re.Match[str]) -> str:
    """The scheme, without what it holds there, as in delta+s3."""
    return userinfo[1].lower().rpartition("+")[2]


class UserError(Exception):
    """A mistake that the user can fix.

    The message is one line that says what was wrong, what was expected and what to do. A step that
    raises it prints the line on stderr, marks its run FAILED with the line in its tag ``error``, and
    exits with status 1.

    Args:
        message: the line; line breaks in it are folded into spaces, credentials in URLs are left out.
        shown: whether a child step has printed the line already.
    """

    status = 1  # of the process

    def __init__(self, message: object, shown: bool = False) -> None:
        super().__init__(hide_credentials(" ".join(str(message).split())))
        self.shown = shown


class CredentialsGiven(UserError):
    """A parameter holds a password or a signature, which would be logged with the run."""


def describe_error(error: BaseException) -> str:
    """An exception in one line, without credentials."""
    return hide_credentials(" ".join(f"{type(error).__name__}: {error}".split()))


def first_line(error: BaseException) -> str:
    """The first line of what an exception says; the name of its class where it says nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0]


@contextmanager
def optional_package(needed_by: str, package: str, requirements: str) -> Iterator[None]:
    """Where an import in the block does not find its package, a UserError says how to install it.

    Args:
        needed_by: what needs it, such as a parameter and its value.
        package: its name.
        requirements: the file that lists it.
    """
    try:
        yield
    except ModuleNotFoundError as missing:
        raise UserError(f"{needed_by} needs {package}: pip install -r {requirements}") from missing


def killed(what: str, texts: int | None) -> UserError:
    """The error for a process that ended without a word, as on SIGKILL.

    Args:
        what: the process, at the beginning of a sentence.
        texts: how many it worked on; None where that is not known.
    """
    at = f" at {texts:,} texts" if texts else ""
    return UserError(
        f"{what} was killed from outside{at}, most likely because the memory ran out: give it fewer texts, fewer "
        "families or parallelism=1, or a machine with more memory"
    )


class GateFailed(UserError):
    """A winner did not pass the gate, where that has to end the process with a status of its own."""

    status = 3


class Alert(UserError):
    """What monitoring found, where it has to end the process with a status of its own. It has been printed already."""

    status = 3

    def __init__(self, message: object) -> None:
        super().__init__(message, shown=True)
