"""Markdown of descriptions of runs and comments on pull requests: names from a corpus are shown literally."""

import re
from collections.abc import Sequence

# An underscore within a word means nothing. Backticks stay: commands in messages have them, and they load nothing.
_SIGN = re.compile(r"[\\*\[\]|]|(?<![^\W_])_|_(?![^\W_])")
_CODE = re.compile(r"(`[^`]+`)")


class Marked(str):
    """Text that is Markdown already."""


def to_markdown(lines: Sequence[Sequence[str]]) -> str:
    """A header and lines of cells as a table; what a cell holds, such as a class name, is text unless it is marked."""
    header, *body = ([_cell(text) for text in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in [header, ["---"] * len(header), *body])


def _cell(text: str) -> str:
    return text if isinstance(text, Marked) else re.sub(r"(?<!\\)\|", r"\|", escape_prose(text))  # even in code


def escape_prose(text: str) -> str:
    """Text on one line in which no name, such as that of a class, is taken for HTML, an image, a link or emphasis.

    What is between two backticks is code, which needs no escapes.
    """
    text = " ".join(text.split())
    parts = [text] if "``" in text else _CODE.split(text)  # longer ones are less simple to pair
    parts[::2] = [_SIGN.sub(r"\\\g<0>", part).replace("<", "&lt;") for part in parts[::2]]
    return "".join(parts)
