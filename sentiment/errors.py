"""The exceptions that a user sees as one line, and what such a line never shows."""

import re


def hide_credentials(text: str) -> str:
    """The text without the userinfo, ``user:password@`` or ``token@``, of the URLs in it."""
    return re.sub(r"(?<=://)[^/\s'\"]*@", "", text)


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


class GateFailed(UserError):
    """A winner did not pass the gate, where that has to end the process with a status of its own."""

    status = 3


class Alert(UserError):
    """What monitoring found, where it has to end the process with a status of its own. It has been printed already."""

    status = 3

    def __init__(self, message: object) -> None:
        super().__init__(message, shown=True)
