"""Markdown of descriptions of runs and comments on pull requests: names of a corpus are shown in it as they are."""

import re
from collections.abc import Sequence

# An underscore within a word means nothing. Backticks stay: commands in messages have them, and they load nothing.
_SIGN = re.compile(r"[\\*\[\]|]|(?<![^\W_])_|_(?![^\W_])")


class Marked(str):
    """Text that is Markdown already."""


def to_markdown(lines: Sequence[Sequence[str]]) -> str:
    """A header and lines of cells as a table; what a cell holds, such as a class name, is text unless it is marked."""
    header, *body = ([cell if isinstance(cell, Marked) else escape_prose(cell) for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in [header, ["---"] * len(header), *body])


def escape_prose(text: str) -> str:
    """Text on one line in which no name, such as that of a class, is taken for HTML, an image, a link or emphasis."""
    return _SIGN.sub(r"\\\g<0>", " ".join(text.split())).replace("<", "&lt;")
