"""Corrections by hand, which a reader of the test metrics has to know."""

from collections.abc import Mapping

import pandas as pd

from sentiment.corpora.corrections import Correction
from sentiment.quality.finding import Finding


def describe_corrections(correction: Correction, parts: Mapping[str, pd.DataFrame]) -> Finding:
    """The corrected labels in each split, and the rows of the file that matched nothing."""
    counts = {name: int(part["text"].isin(correction.corrected).sum()) for name, part in parts.items()}
    total = sum(counts.values())
    where = ", ".join(f"{count} {name}" for name, count in counts.items())
    says = f"Labels corrected with corrections=: {total} ({where}); rows dropped with it: {correction.dropped}."
    if correction.unmatched:
        says += f" {correction.unmatched} of its rows have a text that the corpus does not have, and did nothing."
    if counts["test"]:
        size = len(parts["test"])
        says += (
            f" If the {counts['test']} test labels were looked at because a model doubted them, the accuracy on the "
            f"test split is up to {100 * counts['test'] / size:.1f} points higher only because of that."
        )
    return Finding("Corrected labels", total, says, bool(counts["test"] or correction.unmatched))
