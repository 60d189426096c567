"""The code blocks of the documentation, and the shell that they are run in.

A block is run by a test unless the line before it is ``<!-- not run: why -->``. In a shell block the commands of MLflow
and of this project are recorded instead of executed, so that their options and parameters can be checked; after
``<!-- run -->`` they are executed, too, and ``<!-- run: ARGUMENTS -->`` adds arguments to each ``mlflow run``.
"""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PAGES = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")])
BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>(?:not )?run(?:: .+?)?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S
)

MLFLOW = """\
if [ -n "$EXECUTE" ]; then
  [ "$1" = run ] || exec "$REAL/mlflow" "$@"
  uri=$2; shift 2
  [ "$uri" = . ] && uri=$PROJECT
  exec "$REAL/mlflow" run "$uri" "$@" $MORE
fi
printf '%s\\037' mlflow "$@" >> "$RECORD"; printf '\\036' >> "$RECORD"
"""
PYTHON = """\
case "$1 $2" in
  "-m steps") [ -z "$EXECUTE" ] || PYTHONPATH=$PROJECT exec "$REAL/python" "$@" ;;
  "docs/generate.py "*) [ -z "$EXECUTE" ] || exec "$REAL/python" "$PROJECT/$@" ;;
  *) exec "$REAL/python" "$@" ;;
esac
printf '%s\\037' python "$@" >> "$RECORD"; printf '\\036' >> "$RECORD"
"""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Args:
        page: its file.
        language: the word after the fence.
        text: what is inside.
        mark: what the comment before it says: empty, ``run``, ``run: ARGUMENTS`` or ``not run: WHY``.
        line: number of the line of its fence.
    """

    page: Path
    language: str
    text: str
    mark: str
    line: int

    @property
    def name(self) -> str:
        return f"{self.page.relative_to(PROJECT)}:{self.line}"

    @property
    def runs(self) -> bool:
        return not self.mark.startswith("not run")


def read_blocks(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(page, found["language"], found["text"], found["mark"] or "", text.count("\n", 0, found.start("text")))
        for found in BLOCK.finditer(text)
    ]


class Shell:
    """Runs shell blocks in a folder.

    Args:
        folder: where they run.
        tools: an empty folder, for the commands that stand in for ``mlflow`` and ``python``.
    """

    def __init__(self, folder: Path, tools: Path) -> None:
        self._folder = folder
        self._tools = tools
        for name, script in (("mlflow", MLFLOW), ("python", PYTHON)):
            (tools / name).write_text(f"#!/usr/bin/env bash\n{script}")
            (tools / name).chmod(0o755)

    def run(self, block: Block, environment: dict[str, str]) -> tuple[str, list[list[str]]]:
        """Run a block; returns what it printed and the commands that were recorded, each a list of words."""
        record = self._tools / "record"
        record.write_text("")
        more = {
            "REAL": environment["PATH"].partition(os.pathsep)[0],
            "PROJECT": str(PROJECT),
            "RECORD": str(record),
            "EXECUTE": "yes" if block.mark.startswith("run") else "",
            "MORE": block.mark.partition(": ")[2],
            "PATH": os.pathsep.join([str(self._tools), environment["PATH"]]),
        }
        process = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block.text],
            cwd=self._folder,
            env=environment | more,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert process.returncode == 0, f"{block.name}\n{process.stdout[-2000:]}\n{process.stderr[-2000:]}"
        commands = [command.split("\037")[:-1] for command in record.read_text().split("\036")[:-1]]
        return process.stdout, commands
