"""From a text to its tokens. Training and serving clean with the same object, saved beside the model."""

import re
import string
import sys
import unicodedata
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache

# A word may hold apostrophes (don't, o'clock). Any other sign is a token by itself, emoji included.
_WORD = r"[^\W_]+(?:'[^\W_]+)*"


@dataclass(frozen=True)
class Cleaner:
    """Cuts texts into tokens.

    Args:
        lowercase: whether case is dropped.
        strip_punctuation: whether signs of punctuation are dropped (emoji stay).
        stop_words: ``none``, or ``english`` for scikit-learn's list. The list holds *not* and *never*, so for
            sentiment it costs more than it saves.
        stemming: ``none``, or ``porter`` for the Porter stemmer of NLTK (Porter 1980).
    """

    lowercase: bool = True
    strip_punctuation: bool = True
    stop_words: str = "none"
    stemming: str = "none"

    def tokens(self, text):
        """The tokens of a str in their order, a list of str."""
        text = text.replace("’", "'")  # it’s and it's are one word
        found = self._pattern.findall(text.lower() if self.lowercase else text)
        if self._stop_words:
            found = [token for token in found if token.lower() not in self._stop_words]
        if self.stemming == "porter":
            found = [self._stem(token) for token in found]
        return found

    def as_dict(self):
        return asdict(self)

    @cached_property
    def _pattern(self):
        if not self.strip_punctuation:
            return re.compile(rf"{_WORD}|[^\w\s]|_")
        return re.compile(rf"{_WORD}|[^\w\s{re.escape(_punctuation())}]")

    @cached_property
    def _stop_words(self):
        if self.stop_words == "none":
            return frozenset()
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

        return ENGLISH_STOP_WORDS

    @cached_property
    def _stem(self):
        from nltk.stem import PorterStemmer

        # Words come back all the time; without a memory, stemming costs ten times the rest of the cleaning.
        return lru_cache(maxsize=100_000)(PorterStemmer(PorterStemmer.ORIGINAL_ALGORITHM).stem)


@lru_cache(maxsize=1)
def _punctuation():
    """ASCII punctuation, and every character that Unicode counts as punctuation (categories P*)."""
    unicode = (chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)).startswith("P"))
    return "".join(sorted(set(string.punctuation) | set(unicode)))
