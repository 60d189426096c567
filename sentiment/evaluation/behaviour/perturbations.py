"""Changes to a text that keep its sentiment, or move it in a known direction."""

import re
from collections.abc import Callable, Sequence
from itertools import islice

import numpy as np
from numpy.random import Generator

from sentiment.evaluation.behaviour import DIRECTION, INVARIANCE, NOT_HIGHER, NOT_LOWER, Case

TEXTS = 50  # of the test split, for each change

Change = Callable[[str, Generator], str]

CONTRACTIONS = {
    "is not": "isn't",
    "are not": "aren't",
    "was not": "wasn't",
    "were not": "weren't",
    "do not": "don't",
    "does not": "doesn't",
    "did not": "didn't",
    "has not": "hasn't",
    "have not": "haven't",
    "would not": "wouldn't",
    "could not": "couldn't",
    "should not": "shouldn't",
    "it is": "it's",
    "that is": "that's",
    "i am": "i'm",
    "they are": "they're",
    "you are": "you're",
}
NAMES = ("John", "Mary", "Robert", "Linda", "James", "Susan", "David", "Karen", "Michael", "Nancy")
PLACES = ("Paris", "London", "Berlin", "Chicago", "Boston", "Madrid", "Tokyo", "Vienna", "Rome", "Dublin")
POSITIVE = (
    "I loved it.",
    "It was wonderful.",
    "A great film, highly recommended.",
    "Everything about it was excellent.",
)
NEGATIVE = ("I hated it.", "It was awful.", "A terrible film, avoid it.", "Everything about it was dreadful.")


def swap_letters(text: str, random: Generator) -> str:
    """Swap two neighbouring letters in one in fifty words of four letters or more, and in at least one."""
    words = list(re.finditer(r"[^\W\d_]{4,}", text))
    if not words:
        return text
    chosen = random.choice(len(words), max(1, len(words) // 50), replace=False)
    letters = list(text)
    for word in (words[number] for number in chosen):
        place = int(random.integers(word.start() + 1, word.end() - 2))
        letters[place], letters[place + 1] = letters[place + 1], letters[place]
    return "".join(letters)


def toggle_contractions(text: str, random: Generator) -> str:
    """Contract long forms and expand contractions: *is not* and *isn't*."""
    pairs = CONTRACTIONS | {short: long for long, short in CONTRACTIONS.items()}
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, sorted(pairs, key=len, reverse=True)))})\b", re.IGNORECASE)

    def replace(match: re.Match[str]) -> str:
        other = pairs[match.group().lower()]
        return other.capitalize() if match.group()[0].isupper() else other

    return pattern.sub(replace, text.replace("’", "'"))


def make_swap(words: tuple[str, ...]) -> Change:
    """A change that replaces each of some names by another one of them."""
    pattern = re.compile(rf"\b({'|'.join(words)})\b", re.IGNORECASE)

    def swap(text: str, random: Generator) -> str:
        others = dict(zip((word.lower() for word in words), np.roll(words, int(random.integers(1, len(words))))))
        return pattern.sub(lambda match: str(others[match.group().lower()]), text)

    return swap


def add_url(text: str, random: Generator) -> str:
    return f"{text} https://example.com/{int(random.integers(10_000))}"


def add_mention(text: str, random: Generator) -> str:
    return f"@user{int(random.integers(10_000))} {text}"


def capitalize_all(text: str, random: Generator) -> str:
    return text.upper()


CHANGES: dict[str, Change] = {
    "typos": swap_letters,
    "contractions": toggle_contractions,
    "names": make_swap(NAMES),
    "places": make_swap(PLACES),
    "URL added": add_url,
    "mention added": add_mention,
    "capitals": capitalize_all,
}


def invariance_cases(texts: Sequence[str], seed: int) -> list[Case]:
    """Changes that must not change the label, on up to ``TEXTS`` texts each.

    A change is tried on the texts in random order; those that it does not change are skipped.
    """
    cases: list[Case] = []
    for name, change in CHANGES.items():
        random = np.random.default_rng(seed)
        changed = ((texts[number], change(texts[number], random)) for number in random.permutation(len(texts)))
        found = (Case(name, INVARIANCE, text, other) for text, other in changed if other != text)
        cases += islice(found, TEXTS)
    return cases


def direction_cases(texts: Sequence[str], seed: int) -> list[Case]:
    """A clearly positive, or a clearly negative, sentence appended to up to ``TEXTS`` texts."""
    random = np.random.default_rng(seed)
    chosen = [texts[number] for number in random.permutation(len(texts))[:TEXTS]]
    return [
        Case(name, DIRECTION, text, f"{text} {sentences[number % len(sentences)]}", expected)
        for name, sentences, expected in (
            ("positive sentence added", POSITIVE, NOT_LOWER),
            ("negative sentence added", NEGATIVE, NOT_HIGHER),
        )
        for number, text in enumerate(chosen)
    ]
