"""The project as its benchmarks use it: encoded splits."""

from sentiment.features.store import Features
from sentiment.features.writing import write_features
from sentiment.model.text.cleaning import Cleaner


def encode(parts, folder):
    """The features of splits at the defaults, written into an empty folder."""
    for name in ("features", "dataset"):
        (folder / name).mkdir()
    for name, part in parts.items():
        part.to_parquet(folder / "dataset" / f"{name}.parquet")
    write_features(folder / "features", parts, Cleaner(), 10_000, 0)
    return Features(folder / "features", folder / "dataset")
