"""What a model with a limited length reads of a longer text."""

TRUNCATIONS = ("last", "first", "head_tail", "chunks")
MOST_CHUNKS = 8


def truncated(tokens, max_length, truncation):
    """The tokens that are read.

    Args:
        tokens: list.
        max_length: tokens that a network reads at once.
        truncation: ``last`` (where reviews conclude), ``first``, ``head_tail`` for a quarter from the start and the rest
            from the end (Sun et al. 2019, section 5.3.1, who keep 128 and 382 of 510), or ``chunks``, of which each has
            ``max_length`` tokens and counts the same: the last ``MOST_CHUNKS`` of them.
    """
    if truncation == "chunks":
        return tokens[-MOST_CHUNKS * max_length :]
    if len(tokens) <= max_length:
        return tokens
    if truncation == "first":
        return tokens[:max_length]
    head = max_length // 4 if truncation == "head_tail" else 0
    return tokens[:head] + tokens[head - max_length :]


def columns(lengths, max_length, truncation):
    """Columns of the ids of texts with these numbers of tokens: ``max_length``, or as many chunks as the longest needs."""
    if truncation != "chunks":
        return max_length
    longest = max(lengths, default=0)
    return max_length * min(max(-(-longest // max_length), 1), MOST_CHUNKS)
