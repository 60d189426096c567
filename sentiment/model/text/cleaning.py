"""Splitting of texts into tokens. Training and serving use the same cleaner, saved with the model."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from typing import Any

from .characters import EMOTICON, INVISIBLE, JOINERS, UNSPACED
from .tweets import make_tweet_splitter, replace_references

_INVISIBLE = re.compile(f"[{INVISIBLE}]")
LAST = 0x1FFFF  # code point; the only marks and punctuation beyond it are variation selectors
MAX_REPEATED = 3  # of the same sign: !!!!!! is !!!


@dataclass(frozen=True)
class Cleaner:
    """Splits texts into tokens.

    A token is a word with its combining marks and apostrophes (don't, o'clock), an emoticon, or a sign, which may be
    repeated. In scripts without blanks between words, each character with its marks is a token. Texts are
    normalized to NFC first, so that é is the same in one code point and in two, and soft hyphens and other invisible
    characters are dropped.

    Args:
        lowercase: whether to convert to lower case.
        strip_punctuation: whether to drop punctuation (emoji stay).
        stop_words: ``none``, or ``english`` to drop the words of scikit-learn's list. The list contains *not* and
            *never*, so for sentiment it does more harm than good.
        stemming: ``none``, or ``porter`` for NLTK's Porter stemmer (Porter 1980).
        cleaning: ``standard``, or ``tweets``: NLTK finds the parts of tweets that are not words
            (:mod:`sentiment.model.text.tweets`).
    """

    lowercase: bool = True
    strip_punctuation: bool = False
    stop_words: str = "none"
    stemming: str = "none"
    cleaning: str = "standard"

    @property
    def requirements(self) -> tuple[str, ...]:
        """Names of the packages that this cleaner needs."""
        needed = {
            "scikit-learn": self.stop_words == "english",
            "nltk": self.stemming == "porter" or self.cleaning == "tweets",
        }
        return tuple(package for package, is_needed in needed.items() if is_needed)

    def tokens(self, text: str) -> list[str]:
        """The tokens of a text, in order."""
        if self.cleaning == "tweets":
            text = replace_references(text)
        if not text.isascii():
            text = _INVISIBLE.sub("", text)
        text = unicodedata.normalize("NFC", text).replace("’", "'")  # it’s and it's are one word
        found = self._split_tweet(text) if self.cleaning == "tweets" else self._split(text)
        if self._stop_words:
            found = [token for token in found if token.lower() not in self._stop_words]
        if self.stemming == "porter":
            found = [self._stem(token) for token in found]
        return found

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def _split(self, text: str) -> list[str]:
        matches = self._pattern.finditer(_to_lower_case(text) if self.lowercase else text)
        return [match[0][:MAX_REPEATED] if match[1] else match[0] for match in matches]

    @cached_property
    def _split_tweet(self) -> Callable[[str], list[str]]:
        split, punctuation = make_tweet_splitter(self._split), re.compile(f"[{_characters()[1]}]+")

        def split_and_clean(text: str) -> list[str]:
            tokens = split(text)
            if self.strip_punctuation:
                tokens = [token for token in tokens if not punctuation.fullmatch(token)]
            return [_to_lower_case(token) for token in tokens] if self.lowercase else tokens

        return split_and_clean

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        marks, punctuation = _characters()
        letters = rf"[^\W_{UNSPACED}]+"
        # A combining mark that follows a letter is part of the word, and so is a joiner between two letters.
        # The first look-ahead spares most words a search among two thousand marks.
        part = rf"{letters}(?:(?![\0-\x7f])(?:[{marks}]|[{JOINERS}](?=[^\W_]))+(?:{letters})?)*"
        word = rf"{part}(?:'{part})*|[{UNSPACED}][{marks}]*"
        if self.strip_punctuation:
            return re.compile(rf"{word}|([^\w\s{marks}{JOINERS}{punctuation}])")
        return re.compile(rf"{word}|{EMOTICON}|([^\w\s{marks}{JOINERS}]|_)\1*")

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
        # The stem of a lone s is empty, but no token is.
        return lambda word: (stem(word) if len(word) <= 50 else "") or word


def _to_lower_case(text: str) -> str:
    """A text in lower case; ``str.lower`` turns a Turkish İ into i and a combining dot, with which no word begins."""
    return text.lower().replace("i\u0307", "i")


@lru_cache(maxsize=1)
def _characters() -> tuple[str, str]:
    """Combining marks (Unicode categories M*), and punctuation (P*, and the rest of ASCII's), as parts of a [set]."""
    marks, punctuation = [], set(string.punctuation)
    for character in map(chr, range(LAST + 1)):
        category = unicodedata.category(character)
        if category.startswith("M"):
            marks.append(character)
        elif category.startswith("P"):
            punctuation.add(character)
    return re.escape("".join(marks)), re.escape("".join(sorted(punctuation)))
