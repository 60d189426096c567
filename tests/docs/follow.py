"""Follow a page of the documentation: its shell and Python blocks, in order, in one folder.

``python -m tests.docs.follow FOLDER TOOLS PAGE …`` does so in a process of its own, as a copy of the project needs it.
"""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import store
from tests.docs.blocks import PROJECT, Shell, read_blocks
from tests.docs.commands import check_command
from tests.system.processes import forking_environment


def follow(page: Path, folder: Path, tools: Path) -> str:
    """Run the blocks of a page; returns what the shell blocks printed.

    Args:
        page: its file.
        folder: where to run them; an mlflow.db in it is the tracking store.
        tools: a folder for the commands that stand in for ``mlflow`` and ``python``.
    """
    shell = Shell(folder, tools)
    names: dict[str, object] = {}  # what a Python block defines is there in those after it
    printed = []
    for block in read_blocks(page):
        if not block.runs:
            continue
        if block.language == "sh":
            output, commands = shell.run(block, forking_environment())
            printed.append(output)
            for command in commands:
                with located(f"{block.name}: {' '.join(command)}"):
                    check_command(command)
        elif block.language == "python":
            # A user is in the checkout.
            text = block.text.replace('PROJECT = "."', f"PROJECT = {str(PROJECT)!r}")
            with store(folder), located(block.name):
                exec(compile(text, block.name, "exec"), names)
    return "\n".join(printed)


@contextlib.contextmanager
def located(place: str) -> Iterator[None]:
    """Name the place in the documentation when something fails there."""
    try:
        yield
    except BaseException as error:
        raise AssertionError(f"{place}: {error}") from error


if __name__ == "__main__":
    for page in sys.argv[3:]:
        print(follow(PROJECT / page, Path(sys.argv[1]), Path(sys.argv[2])))
