"""Truncation of long texts for models with a limited input length."""

from collections.abc import Iterable

MAX_TOKENS = 400  # that a network on a CPU reads in acceptable time: the default limit
MAX_CHUNKS = 8


def truncate(tokens: list, max_length: int, truncation: str) -> list:
    """The tokens that are read.

    Args:
        tokens: of one text.
        max_length: tokens that a network reads at once.
        truncation: ``last`` (where reviews state their conclusion), ``first``, ``head_tail`` for a quarter from the
            start and the rest from the end (Sun et al. 2019, section 5.3.1, who keep 128 and 382 of 510), or
            ``chunks``: up to ``MAX_CHUNKS`` times ``max_length`` tokens from the end, whose predictions are averaged.
    """
    if truncation == "chunks":
        return tokens[-MAX_CHUNKS * max_length :]
    if len(tokens) <= max_length:
        return tokens
    if truncation == "first":
        return tokens[:max_length]
    head = max_length // 4 if truncation == "head_tail" else 0
    return tokens[:head] + tokens[head - max_length :]


def padded_width(lengths: Iterable[int], max_length: int, truncation: str) -> int:
    """Columns for texts with these numbers of tokens: ``max_length``, or as many chunks as the longest text needs."""
    if truncation != "chunks":
        return max_length
    longest = max(lengths, default=0)
    return max_length * min(max(-(-longest // max_length), 1), MAX_CHUNKS)
