"""Lengths of texts in words, for profiles, slices and drift."""

import re

from sentiment.model.text.characters import UNSPACED

# In scripts without blanks between words, a character is a word, with its marks and the punctuation after it.
_WORD = re.compile(rf"[{UNSPACED}][^\w\s]*|[^\s{UNSPACED}]+")


def count_words(text: str) -> int:
    """The number of words between white space; in Chinese, Japanese, Thai and the like, of characters."""
    return len(text.split()) if text.isascii() else len(_WORD.findall(text))
