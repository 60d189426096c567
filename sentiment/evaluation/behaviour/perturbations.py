"""Changes to a text that leave its sentiment as it is, or move it in a known direction."""

import re
from itertools import islice

import numpy as np

from sentiment.evaluation.behaviour import DIRECTION, INVARIANCE, NOT_HIGHER, NOT_LOWER, Case

TEXTS = 50  # of the test split, for each kind of change

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


def typos(text, random):
    """Two neighbouring letters inside of one word in fifty are swapped, in at least one word of four letters or more."""
    places = [match for match in re.finditer(r"[^\W\d_]{4,}", text)]
    if not places:
        return text
    chosen = random.choice(len(places), max(1, len(places) // 50), replace=False)
    letters = list(text)
    for match in (places[number] for number in chosen):
        at = int(random.integers(match.start() + 1, match.end() - 2))
        letters[at], letters[at + 1] = letters[at + 1], letters[at]
    return "".join(letters)


def contracted(text, random):
    """Long forms contracted, and contractions in their long form: *is not* and *isn't*."""
    pairs = CONTRACTIONS | {short: long for long, short in CONTRACTIONS.items()}
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, sorted(pairs, key=len, reverse=True)))})\b", re.IGNORECASE)

    def turn(match):
        other = pairs[match.group().lower()]
        return other.capitalize() if match.group()[0].isupper() else other

    return pattern.sub(turn, text.replace("’", "'"))


def swapped(words):
    """A change that puts another one of some names in place of each that stands in a text."""
    pattern = re.compile(rf"\b({'|'.join(words)})\b", re.IGNORECASE)

    def change(text, random):
        others = dict(zip((word.lower() for word in words), np.roll(words, int(random.integers(1, len(words))))))
        return pattern.sub(lambda match: str(others[match.group().lower()]), text)

    return change


def with_url(text, random):
    return f"{text} https://example.com/{int(random.integers(10_000))}"


def with_mention(text, random):
    return f"@user{int(random.integers(10_000))} {text}"


def in_capitals(text, random):
    return text.upper()


CHANGES = {
    "typos": typos,
    "contractions": contracted,
    "names": swapped(NAMES),
    "places": swapped(PLACES),
    "URL added": with_url,
    "mention added": with_mention,
    "capitals": in_capitals,
}


def invariance(texts, seed):
    """Changes that must not change the label, of up to ``TEXTS`` texts each: a list of :class:`Case`.

    A change is tried on the texts in a random order and counts where it changes something.
    """
    cases = []
    for name, change in CHANGES.items():
        random = np.random.default_rng(seed)
        changed = ((texts[number], change(texts[number], random)) for number in random.permutation(len(texts)))
        found = (Case(name, INVARIANCE, text, other) for text, other in changed if other != text)
        cases += islice(found, TEXTS)
    return cases


def direction(texts, seed):
    """A clearly positive, or negative, sentence at the end of up to ``TEXTS`` texts each: a list of :class:`Case`."""
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
