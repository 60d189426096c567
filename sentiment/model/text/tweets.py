"""Splits tweets and the like into tokens, by NLTK's ``TweetTokenizer``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

USER, LINK = "@user", "http"  # whoever it is, and wherever it leads
_USER = re.compile(r"@\w+")
_LINK = re.compile(r"https?:|www\.|[\w.-]+\.[a-z]{2,}/", re.IGNORECASE)
_IN_HASHTAG = re.compile("A+(?!a)|A?a+|1+")  # of capitals, other letters and digits: Love, This, FILM and 2
_SURROGATE = re.compile("[\ud800-\udfff]")  # a lone surrogate, as &#xD800; or an escape in JSON gives


def replace_surrogates(text: str) -> str:
    """The text with a replacement character for each lone surrogate, which JSON can hold and UTF-8 cannot."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def make_tweet_splitter(split_words: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    """A function that gives the tokens of a text.

    A user and a link are one token each, the same for all; a hashtag is followed by its words; emoticons and emoji are
    tokens; of a letter that is repeated, three are left; character references (``&amp;``) are replaced.

    Args:
        split_words: gives the tokens of what is none of these.
    """
    from nltk.tokenize.casual import TweetTokenizer

    find = TweetTokenizer(reduce_len=True, match_phone_numbers=False).tokenize

    def split(text: str) -> list[str]:
        return [token for found in find(text) for token in _split_further(replace_surrogates(found), split_words)]

    return split


def _split_further(token: str, split_words: Callable[[str], list[str]]) -> list[str]:
    if _USER.fullmatch(token):
        return [USER]
    if _LINK.match(token):
        return [LINK]
    if token[0] == "#" and len(token) > 1:
        kinds = _kinds_of_characters(token)
        return [token, *(token[found.start() : found.end()] for found in _IN_HASHTAG.finditer(kinds))]
    if token[0].isalnum():
        return split_words(token)
    if unicodedata.category(token[0]).startswith("M"):  # left over from an emoji in several code points
        return []
    joined = "".join(token.split())  # of dots with blanks between them
    return [joined] if joined else []


def _kinds_of_characters(token: str) -> str:
    """A character for each one of a token: A for a capital, a for another letter, 1 for a digit, a blank for the rest.

    Combining marks and apostrophes are of the kind of what is before them.
    """
    kinds = " "
    for char in token:
        if char in "'’" or unicodedata.category(char).startswith("M"):
            kinds += kinds[-1]
        else:
            kinds += "A" if char.isupper() else "a" if char.isalpha() else "1" if char.isdecimal() else " "
    return kinds[1:]
