"""The word pieces of texts, as a pretrained encoder reads them."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from ..text.truncation import padded_width, truncate


class PieceReader:
    """Splits texts into word pieces, and marks where a text, or a chunk of it, starts and ends.

    Args:
        tokenizer: a ``keras_hub.tokenizers.Tokenizer``.
        max_length: word pieces that the encoder reads at once, including those that mark start and end.
        truncation: which pieces of a longer text it reads (:mod:`sentiment.model.text.truncation`).
    """

    def __init__(self, tokenizer: Any, max_length: int, truncation: str) -> None:
        self.max_length = max_length
        self.truncation = truncation
        self.padding = tokenizer.pad_token_id
        self._tokenizer = tokenizer
        self._start, self._end = [
            next(getattr(tokenizer, name) for name in names if getattr(tokenizer, name, None) is not None)
            for names in (("cls_token_id", "start_token_id"), ("sep_token_id", "end_token_id"))
        ]

    def encode(self, texts: list[str]) -> np.ndarray:
        """Ids of the texts' word pieces, padded to the longest text.

        Returns:
            int32 of shape (texts, up to ``max_length``), or wider if a text has several chunks. Each text, or chunk,
            has a piece that marks its start and one that marks its end.
        """
        room = self.max_length - 2
        encoded = []
        for pieces in self._tokenizer(texts) if texts else []:
            kept = truncate(pieces, room, self.truncation)
            chunks = [kept[start : start + room] for start in range(0, max(len(kept), 1), room)]
            encoded.append([piece for chunk in chunks for piece in (self._start, *chunk, self._end)])
        lengths = [len(pieces) for pieces in encoded]
        width = min(padded_width(lengths, self.max_length, self.truncation), max(lengths, default=1))
        ids = np.full((len(encoded), width), self.padding, dtype=np.int32)
        for row, pieces in enumerate(encoded):
            ids[row, : len(pieces)] = pieces
        return ids


def make_inputs(encoder: Any, ids: Any, padding: int) -> dict[str, Any]:
    """What a KerasHub model takes, by name, for a tensor of piece ids of shape (batch, length)."""
    inputs = {"token_ids": ids, "padding_mask": ops.cast(ops.not_equal(ids, padding), "int32")}
    if "segment_ids" in encoder.input:
        inputs["segment_ids"] = ops.zeros_like(ids)
    return inputs
