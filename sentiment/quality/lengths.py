"""The lengths of the texts, and how many are cut for networks."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from sentiment.model.text.truncation import MAX_TOKENS
from sentiment.quality.finding import Finding

LENGTHS = "Lengths"  # title of the finding
MANY = 0.05  # share of cut texts that is worth a warning
SHORT = 2  # tokens


def count_lengths(documents: Sequence[Sequence[str]]) -> dict[int, int]:
    """How many documents have each number of tokens, in ascending order."""
    return dict(sorted(Counter(map(len, documents)).items()))


def count_cut(lengths: Mapping[int, int], max_length: int) -> int:
    """How many documents are longer than ``max_length`` tokens."""
    return sum(count for tokens, count in lengths.items() if tokens > max_length)


def describe_lengths(lengths: Mapping[int, int], max_length: int | None = None) -> Finding:
    """Quantiles of the lengths, and the texts that are cut.

    Args:
        lengths: of :func:`count_lengths`.
        max_length: tokens of a text that a network reads; None if that is not chosen yet.
    """
    limit = MAX_TOKENS if max_length is None else max_length
    # By default it follows the training texts, up to MAX_TOKENS.
    what = f"{limit}, the most by default" if max_length is None else f"the {limit}"
    total, cut = sum(lengths.values()), count_cut(lengths, limit)
    short = sum(count for tokens, count in lengths.items() if tokens <= SHORT)
    says = (
        f"Half of {total} texts have at most {_quantile(lengths, 0.5)} tokens, 99% at most {_quantile(lengths, 0.99)}. "
        f"Longer than {what} that a network reads at once: {cut}; with {SHORT} or fewer: {short}."
    )
    if many := cut > MANY * total:
        says += " See max_length and truncation."
    return Finding(LENGTHS, cut, says, many)


def _quantile(lengths: Mapping[int, int], share: float) -> int:
    return int(np.quantile(list(lengths), share, weights=list(lengths.values()), method="inverted_cdf"))
