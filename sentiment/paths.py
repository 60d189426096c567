"""The project's folder, and names for the places of texts."""

from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[1]


def place_name(address: str) -> str:
    """The name of a file, a folder, a table or a database without its suffix; for a pattern, its folder's."""
    return next(Path(part).stem for part in reversed(Path(address).absolute().parts) if "*" not in part)
