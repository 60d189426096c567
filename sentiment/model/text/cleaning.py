"""From a text to its tokens. Training and serving use the same cleaner, which is saved with the model."""

from __future__ import annotations

import re
import string
import sys
import unicodedata
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from typing import Any

# Words may contain apostrophes (don't, o'clock). Any other sign, such as an emoji, is a token by itself.
_WORD = r"[^\W_]+(?:'[^\W_]+)*"


@dataclass(frozen=True)
class Cleaner:
    """Splits texts into tokens.

    Args:
        lowercase: whether to convert to lower case.
        strip_punctuation: whether to drop punctuation (emoji stay).
        stop_words: ``none``, or ``english`` to drop the words of scikit-learn's list. The list contains *not* and
            *never*, so for sentiment it does more harm than good.
        stemming: ``none``, or ``porter`` for NLTK's Porter stemmer (Porter 1980).
    """

    lowercase: bool = True
    strip_punctuation: bool = True
    stop_words: str = "none"
    stemming: str = "none"

    @property
    def requirements(self) -> tuple[str, ...]:
        """Names of the packages that this cleaner needs."""
        needed = {"scikit-learn": self.stop_words == "english", "nltk": self.stemming == "porter"}
        return tuple(package for package, is_needed in needed.items() if is_needed)

    def tokens(self, text: str) -> list[str]:
        """The tokens of a text, in order."""
        text = text.replace("’", "'")  # it’s and it's are one word
        found = self._pattern.findall(text.lower() if self.lowercase else text)
        if self._stop_words:
            found = [token for token in found if token.lower() not in self._stop_words]
        if self.stemming == "porter":
            found = [self._stem(token) for token in found]
        return found

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        if not self.strip_punctuation:
            return re.compile(rf"{_WORD}|[^\w\s]|_")
        return re.compile(rf"{_WORD}|[^\w\s{re.escape(_punctuation())}]")

    @cached_property
    def _stop_words(self) -> frozenset[str]:
        if self.stop_words == "none":
            return frozenset()
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

        return ENGLISH_STOP_WORDS

    @cached_property
    def _stem(self) -> Callable[[str], str]:
        from nltk.stem import PorterStemmer

        # Words repeat all the time. Without the cache, stemming takes ten times as long as the rest of the cleaning.
        stem = lru_cache(maxsize=100_000)(PorterStemmer(PorterStemmer.ORIGINAL_ALGORITHM).stem)
        # A word of more than 50 characters has no ending to strip, and would stay in the cache.
        return lambda word: stem(word) if len(word) <= 50 else word


@lru_cache(maxsize=1)
def _punctuation() -> str:
    """ASCII punctuation, and every character that Unicode counts as punctuation (categories P*)."""
    unicode = (chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)).startswith("P"))
    return "".join(sorted(set(string.punctuation) | set(unicode)))
