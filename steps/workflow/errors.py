"""The one exception that is shown to a user as a line of its own."""


class UserError(Exception):
    """A mistake that the user can mend.

    The message is one line that says what was wrong, what was expected and what to do. A step that
    raises it prints the line on stderr, marks its run FAILED with the line in its tag ``error``, and
    exits with status 1.
    """

    status = 1  # of the process

    def __init__(self, message, shown=False):
        """
        Args:
            message: the line; line breaks in it are folded into spaces.
            shown: whether a child step has printed the line already.
        """
        super().__init__(" ".join(str(message).split()))
        self.shown = shown


class Alert(UserError):
    """What monitoring found, where it is to end the process so that others can act on it; it has been said already."""

    status = 3

    def __init__(self, message):
        super().__init__(message, shown=True)
