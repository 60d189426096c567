"""A catalog of Iceberg tables."""

from pathlib import Path
from typing import Any

import pytest


def make_catalog(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The catalog ``mine`` in a folder, with the namespace ``shop``. The test is skipped where pyiceberg is missing."""
    catalogs = pytest.importorskip("pyiceberg.catalog", reason="pyiceberg is not installed: requirements-tables.txt")
    monkeypatch.setenv("PYICEBERG_CATALOG__MINE__URI", f"sqlite:///{folder}/catalog.db")
    monkeypatch.setenv("PYICEBERG_CATALOG__MINE__WAREHOUSE", f"file://{folder}")
    monkeypatch.setattr(catalogs, "_ENV_CONFIG", catalogs.Config())  # which is read once in a process
    catalog = catalogs.load_catalog("mine")
    catalog.create_namespace("shop")
    return catalog
