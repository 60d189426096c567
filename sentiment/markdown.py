"""Tables in Markdown, as descriptions of runs and comments on pull requests have them."""

from collections.abc import Sequence


def to_markdown(lines: Sequence[Sequence[str]]) -> str:
    """A header and lines of cells as a table; what a cell holds, such as a class name, does not end it."""
    header, *body = ([_escape(cell) for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in [header, ["---"] * len(header), *body])


def escape_prose(text: str) -> str:
    """Text in which no name, such as that of a class, is taken for a tag of HTML."""
    return text.replace("<", "&lt;")


def _escape(cell: str) -> str:
    return escape_prose(" ".join(cell.split()).replace("|", "\\|"))
