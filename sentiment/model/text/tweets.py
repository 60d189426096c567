"""Splits tweets and the like into tokens, by NLTK's ``TweetTokenizer``."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable
from itertools import dropwhile

from .characters import JOINERS, UNSPACED

USER, LINK = "@user", "http"  # replace every user and every link
_USER = re.compile(r"@\w+")
_LINK = re.compile(r"https?:|www\.|[\w.-]+\.[a-z]{2,}/", re.IGNORECASE)
# A user or a link directly followed by a script without blanks, which NLTK would take for a part of it; or the position
# where a link follows such a script.
_GLUED = re.compile(
    rf"(?<=[{UNSPACED}])(?=https?:|www\.)"
    rf"|(@\w+|(?:https?:|www\.)[!-~]+)(?=([{UNSPACED}\u3000-\u303f\uff01-\uff65])?)",
    re.ASCII | re.IGNORECASE,
)
_REFERENCE = re.compile(r"&#?\w{1,32};")  # HTML's longest name has 31 letters
_LENGTHENED = re.compile(r"([^\W\d_])\1{3,}")
_VARIATION = re.compile("[\ufe0e\ufe0f]")  # selects text or emoji style for the sign before it
_IN_HASHTAG = re.compile("A+(?!a)|A?a+|1+")  # of capitals, other letters and digits: Love, This, FILM and 2
_SURROGATE = re.compile("[\ud800-\udfff]")  # a lone surrogate, as an escape in JSON gives


def replace_surrogates(text: str) -> str:
    """The text with a replacement character for each lone surrogate, which JSON can hold but not UTF-8."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def replace_references(text: str) -> str:
    """The text with its character references, such as ``&rsquo;``, resolved."""
    return _REFERENCE.sub(lambda found: html.unescape(found[0]), text) if "&" in text else text


def make_tweet_splitter(split_words: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    """A function that gives the tokens of a text.

    Each user and each link is one token, always the same; a hashtag is followed by its words; emoticons and emoji are
    tokens; repeated letters are cut to three.

    Args:
        split_words: gives the tokens of everything else.
    """
    from nltk.tokenize.casual import TweetTokenizer

    find = TweetTokenizer(match_phone_numbers=False).tokenize

    def split(text: str) -> list[str]:
        text = _LENGTHENED.sub(r"\1\1\1", text)
        if not text.isascii():
            text = _GLUED.sub(_separate, _VARIATION.sub("", text))
        return [token for found in find(text) for token in _split_further(replace_surrogates(found), split_words)]

    return split


def _separate(found: re.Match[str]) -> str:
    user_or_link, follows = found.groups()
    return found[0] if user_or_link and not follows else f" {found[0]} "


def _split_further(token: str, split_words: Callable[[str], list[str]]) -> list[str]:
    token = "".join(dropwhile(_belongs_to_sign_before, token)) if token[0] > "\x7f" else token
    if not token:
        return []
    if _USER.fullmatch(token):
        return [USER]
    if _LINK.match(token):
        return [LINK]
    if token[0] == "#" and len(token) > 1:
        parts = [token[found.start() : found.end()] for found in _IN_HASHTAG.finditer(_kinds_of_characters(token))]
        return [token, *(word for part in parts for word in split_words(part))]
    if token[0].isalnum() or token[0] == "_":
        return split_words(token)
    joined = "".join(token.split())  # dots with blanks between them
    return [joined] if joined else []


def _belongs_to_sign_before(char: str) -> bool:
    """Whether a character is a combining mark or a joiner: at the beginning of a token it is a leftover."""
    return char in JOINERS or unicodedata.category(char).startswith("M")


def _kinds_of_characters(token: str) -> str:
    """One character for each of a token: A for a capital, a for another letter, 1 for a digit, a blank for the rest.

    Combining marks and apostrophes have the kind of the preceding character.
    """
    kinds = " "
    for char in token:
        if char in "'’" or unicodedata.category(char).startswith("M"):
            kinds += kinds[-1]
        else:
            kinds += "A" if char.isupper() else "a" if char.isalpha() else "1" if char.isdecimal() else " "
    return kinds[1:]
