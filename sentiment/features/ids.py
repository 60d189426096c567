"""The ids of tokens that networks read, as an array in a file."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from sentiment.batches import Mapper
from sentiment.features.tokens import NumberedTokens
from sentiment.model.text.truncation import MAX_TOKENS, padded_width, truncate
from sentiment.model.text.vocabulary import PADDING

# max_length=0 means the length up to which most training texts are read whole, and at most MAX_TOKENS.
LENGTH_QUANTILE = 0.99


def write_ids(
    path: Path, tokens: NumberedTokens, ids: np.ndarray, max_length: int, truncation: str, mapper: Mapper
) -> None:
    """Write what :meth:`Vocabulary.encode` gives; ``ids`` has the id of each number."""
    shape = len(tokens.lengths), padded_width(tokens.lengths.tolist(), max_length, truncation)
    padded = np.lib.format.open_memmap(path, "w+", np.int32, shape)
    batches = (NumberedTokens(ids[batch.numbers], batch.starts) for batch in tokens.batches())
    row = 0
    for part in mapper(partial(_pad, shape[1], max_length, truncation), batches):
        padded[row : row + len(part)] = part
        row += len(part)


def _pad(width: int, max_length: int, truncation: str, ids: NumberedTokens) -> np.ndarray:
    """The ids read of some texts, in rows of this width: int32 of shape (texts, width)."""
    padded = np.full((len(ids.lengths), width), PADDING, dtype=np.int32)
    for row, numbers in enumerate(ids):
        read = truncate(numbers, max_length, truncation)
        padded[row, : len(read)] = read
    return padded


def choose_length(lengths: np.ndarray) -> int:
    """The 0.99 quantile of the documents' numbers of tokens, up to ``MAX_TOKENS``."""
    return int(np.clip(np.quantile(lengths, LENGTH_QUANTILE, method="higher"), 1, MAX_TOKENS))
