"""The language of texts, as far as anything here depends on it."""

import re
from collections.abc import Sequence

from .characters import UNSPACED

# Frequent words that are rare in other languages, unlike "is", "in", "of" or "i".
ENGLISH = {"the", "and", "to", "it", "that", "for", "with", "this", "not", "but", "have", "you", "are", "they"}
ENOUGH = 50_000  # texts that are checked, the first ones
ENGLISH_SHARE = 0.05  # of all words: 0.12 to 0.22 in English texts, at most 0.025 in programs in a hundred languages


def looks_english(texts: Sequence[str]) -> bool:
    """Whether texts are in English, by the share of words that are frequent in it."""
    words = [word for text in texts[:ENOUGH] for word in re.findall(r"\w+", text.lower())]
    return bool(words) and sum(word in ENGLISH for word in words) / len(words) >= ENGLISH_SHARE


def lacks_blanks(texts: Sequence[str]) -> bool:
    """Whether most characters are of scripts without blanks between words; each of them is a token."""
    joined = "".join(texts[:ENOUGH])
    return len(re.findall(f"[{UNSPACED}]", joined)) > len(joined) / 2
