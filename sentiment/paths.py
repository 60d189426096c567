"""Where the project lies, and what the places of texts are called."""

from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[1]


def place_name(address: str) -> str:
    """The name of a file, a folder, a table or a database without its ending; of a pattern, that of its folder."""
    return next(Path(part).stem for part in reversed(Path(address).absolute().parts) if "*" not in part)
