"""The exceptions that a user sees as one line, and secrets that it never shows."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote

# In a query or a fragment: the signature of a link that grants access to anyone who has it, and other secrets.
_PAIR = re.compile(r"(?<=[?&;#])([\w.%-]+)=([^&;#\s'\"]+)")
_SECRET_NAME = re.compile(
    r"[\w.-]*(?:signature|token|secret|password|passwd|passphrase|passcode|credential)"
    r"|(?:[\w.-]*[_.-])?(?:sig|pwd|pw|pass|jwt|(?:api|access|account|auth|private|secret|subscription|functions?)[_-]?key)"
    r"|auth",
    re.IGNORECASE,
)
_LIKE_A_KEY = re.compile(r"(?=[\w%-]*\d)(?=[\w%-]*[a-z])[\w%-]{20,}", re.IGNORECASE)  # of what is called key or code
# Tokens of Hugging Face, GitHub, GitLab, AWS, Databricks.
_TOKEN = re.compile(
    r"(?<![A-Za-z0-9])(?:hf_[A-Za-z0-9]{30,}|gh[opsur]_[A-Za-z0-9]{30,}|github_pat_\w{40,}|glpat-[\w-]{20,}"
    r"|A[KS]IA[A-Z0-9]{16}|dapi[0-9a-f]{32})(?![A-Za-z0-9])"
)
# Database drivers take a password with / ? or # in it as it is; what begins like a port is not one.
_USERINFO = re.compile(
    r"\b([a-z][\w+.-]{0,60})://([^/?#\s'\"]*|[^:/?#\s'\"]*:(?!\d+(?:[/?#]|$))[^@\s'\"]{0,4000})@", re.IGNORECASE
)
# A database's password may also have quotes and spaces, up to the @ before the host.
_WITH_BLANKS = re.compile(
    r"\b(?!https?:)([a-z][\w+.-]{0,60})://[^/?#@\s]*:(?!\d+(?:[/?#\s,;]|$))[^@\n]{1,100}@", re.IGNORECASE
)
_USER_ONLY_IS_SECRET = ("http", "https", "s3", "gs", "hf")  # a token, a key; unlike a database's user
_CONTAINER = ("abfs", "abfss", "wasb", "wasbs")  # before @ is a container


def hide_credentials(text: str) -> str:
    """The text without tokens, the userinfo of its URLs, ``user:password@`` or ``token@``, and their signatures."""
    shown = _USERINFO.sub(lambda found: found[0] if _is_container(found) else f"{found[1]}://", text)
    shown = _WITH_BLANKS.sub(r"\1://", shown)
    shown = _PAIR.sub(lambda pair: f"{pair[1]}=…" if _is_secret(pair) else pair[0], shown)
    return _TOKEN.sub("…", shown)


def has_credentials(text: str) -> bool:
    """Whether a text grants access: a token, or a URL with a password, a token or a signature."""
    return bool(_TOKEN.search(text) or _WITH_BLANKS.match(text) or any(map(_is_secret, _PAIR.finditer(text)))) or any(
        ":" in found[2] or _store_of(found) in _USER_ONLY_IS_SECRET
        for found in _USERINFO.finditer(text)
        if not _is_container(found)
    )


def is_secret_name(name: str) -> bool:
    """Whether a parameter of a URL or a variable of the environment is named like a password, a token or a key."""
    return bool(_SECRET_NAME.fullmatch(name))


def _is_secret(pair: re.Match[str]) -> bool:
    name = unquote(pair[1])
    return is_secret_name(name) or bool(name.lower() in ("key", "code") and _LIKE_A_KEY.fullmatch(pair[2]))


def _is_container(userinfo: re.Match[str]) -> bool:
    return _store_of(userinfo) in _CONTAINER and ":" not in userinfo[2]


def _store_of(userinfo: re.Match[str]) -> str:
    """The scheme of the store, such as s3 in delta+s3."""
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
    """The first line of an exception's message; the name of its class if it has none."""
    return (str(error).splitlines() or [type(error).__name__])[0]


@contextmanager
def optional_package(needed_by: str, package: str, requirements: str) -> Iterator[None]:
    """If an import in the block does not find its package, a UserError says how to install it.

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
    """The error for a process that ended without one, as on SIGKILL.

    Args:
        what: the process, at the beginning of a sentence.
        texts: how many it worked on; None if unknown.
    """
    at = f" at {texts:,} texts" if texts else ""
    return UserError(
        f"{what} was killed from outside{at}, most likely because the memory ran out: give it fewer texts, fewer "
        "families or parallelism=1, or a machine with more memory"
    )


class GateFailed(UserError):
    """A winner did not pass the gate, and that has to end the process with a status of its own."""

    status = 3


class Alert(UserError):
    """What monitoring found, if it has to end the process with a status of its own. It has been printed already."""

    status = 3

    def __init__(self, message: object) -> None:
        super().__init__(message, shown=True)
