"""The word pieces of texts, as a pretrained encoder reads them."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from ...errors import UserError
from ..text.truncation import truncate
from ..text.tweets import replace_surrogates

FEWEST = 3  # word pieces: two mark the start and the end


class PieceReader:
    """Splits texts into word pieces, and marks where a text, or a chunk of it, starts and ends.

    Args:
        tokenizer: a ``keras_hub.tokenizers.Tokenizer``.
        max_length: word pieces of a text that are read, including those that mark start and end.
        truncation: which pieces of a longer text are read (:mod:`sentiment.model.text.truncation`).
        chunk: word pieces that the encoder reads at once, including those that mark start and end.
    """

    def __init__(self, tokenizer: Any, max_length: int, truncation: str, chunk: int) -> None:
        if max_length < FEWEST:
            raise UserError(f"max_length={max_length}: a checkpoint needs {FEWEST} or more, two of which mark the ends")
        self.max_length = max_length
        self.truncation = truncation
        self.chunk = chunk
        self.padding = tokenizer.pad_token_id
        self._tokenizer = tokenizer
        self._start, self._end = [
            next(getattr(tokenizer, name) for name in names if getattr(tokenizer, name, None) is not None)
            for names in (("cls_token_id", "start_token_id"), ("sep_token_id", "end_token_id"))
        ]

    def encode(self, texts: list[str]) -> np.ndarray:
        """Ids of the texts' word pieces, padded to the longest text.

        Returns:
            int32 of shape (texts, pieces). Each chunk has a piece that marks its start and one that marks its end; all
            of a text but the last have ``chunk`` pieces.
        """
        room = self.chunk - 2
        encoded = []
        for pieces in self._tokenizer(list(map(replace_surrogates, texts))) if texts else []:
            kept = truncate(pieces, self.max_length - 2, self.truncation)
            chunks = [kept[start : start + room] for start in range(0, max(len(kept), 1), room)]
            encoded.append([piece for chunk in chunks for piece in (self._start, *chunk, self._end)])
        ids = np.full((len(encoded), max(map(len, encoded), default=1)), self.padding, dtype=np.int32)
        for row, pieces in enumerate(encoded):
            ids[row, : len(pieces)] = pieces
        return ids


def make_inputs(encoder: Any, ids: Any, padding: int) -> dict[str, Any]:
    """A KerasHub model's inputs, by name, for a tensor of piece ids of shape (batch, length)."""
    inputs = {"token_ids": ids, "padding_mask": ops.cast(ops.not_equal(ids, padding), "int32")}
    if "segment_ids" in encoder.input:
        inputs["segment_ids"] = ops.zeros_like(ids)
    return inputs
