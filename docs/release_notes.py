"""Print a version's section of CHANGELOG.md, the notes of its release: ``python docs/release_notes.py v1.2.0``."""

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).resolve().parents[1] / "CHANGELOG.md"


def read_section(changelog: str, version: str) -> str:
    """The text below the heading of a version, without links; exits with one line where there is none.

    Args:
        changelog: in the format of Keep a Changelog: ``## [1.2.0] - 2026-12-01`` begins a section.
        version: with or without a v before it.
    """
    number = version.removeprefix("v")
    found = re.search(rf"^## \[{re.escape(number)}\].*?\n(.*?)(?=^## |\Z)", changelog, re.M | re.S)
    text = re.sub(r"^\[[^\]]+\]: .*\n?", "", found[1], flags=re.M).strip() if found else ""
    if not text:
        versions = ", ".join(re.findall(r"^## \[(.+?)\]", changelog, re.M))
        sys.exit(f"error: CHANGELOG.md says nothing of {number}: expected a section `## [{number}]`, found {versions}")
    return text


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("error: expected one version: python docs/release_notes.py v1.2.0")
    print(read_section(CHANGELOG.read_text(encoding="utf-8"), sys.argv[1]))
