"""VADER (Hutto and Gilbert 2014) in a fraction of its time, with the same result."""

import string

from vaderSentiment.vaderSentiment import (
    BOOSTER_DICT,
    C_INCR,
    N_SCALAR,
    NEGATE,
    SPECIAL_CASES,
    SentimentIntensityAnalyzer,
    allcap_differential,
    scalar_inc_dec,
)

_NEGATIONS = frozenset(NEGATE)
_IDIOM_ENDS = frozenset(idiom.split()[-1] for idiom in (*SPECIAL_CASES, *BOOSTER_DICT) if " " in idiom)
_LESS_BY_DISTANCE = (1.0, 0.95, 0.9)  # factor of a booster one, two and three words before a word


class SentenceRater(SentimentIntensityAnalyzer):
    """Rates sentences as its base class does.

    The base class converts the whole sentence to lower case for each of its rules and each rated word before that, and
    tries every rule. Here a rule is tried only if a word that it depends on is present.
    """

    def __init__(self) -> None:
        super().__init__()
        self._symbols = frozenset(self.emojis)

    def polarity_scores(self, text: str) -> dict[str, float]:
        """The shares of positive, negative and neutral words (0 to 1), and the compound score (-1 to 1)."""
        if not self._symbols.isdisjoint(text):  # emoji, which the base class replaces by their descriptions
            return super().polarity_scores(text)
        text = text.strip()
        words = [word if word.isalnum() else _strip(word) for word in text.split()]
        lower = [word.lower() for word in words]
        rated = [place for place, word in enumerate(lower) if word in self.lexicon and word not in BOOSTER_DICT]
        if not rated:
            return {"neg": 0.0, "neu": float(bool(words)), "pos": 0.0, "compound": 0.0}
        capitals = not text.islower() and allcap_differential(words)
        sentiments: list[float] = [0] * len(words)
        for place in rated:
            if lower[place] != "kind" or lower[place + 1 : place + 2] != ["of"]:
                sentiments[place] = self._rate(words, lower, place, capitals)
        if "but" in lower:
            sentiments = self._but_check(words, sentiments)
        return self.score_valence(sentiments, text)

    def _rate(self, words: list[str], lower: list[str], place: int, capitals: bool) -> float:
        """``sentiment_valence`` of a word of the lexicon.

        Args:
            words: of the sentence.
            lower: the same in lower case.
            place: of the word.
            capitals: whether some words are in capitals, and others not.
        """
        item, lexicon = lower[place], self.lexicon
        before = lower[max(place - 3, 0) : place][::-1]  # the nearest first
        valence = lexicon[item]
        if item == "no" and lower[place + 1 : place + 2] and lower[place + 1] in lexicon:
            valence = 0.0
        if "no" in before[:2] or (before[2:] == ["no"] and before[0] in ("or", "nor")):
            valence = lexicon[item] * N_SCALAR
        if capitals and words[place].isupper():
            valence += C_INCR if valence > 0 else -C_INCR
        for distance, word in enumerate(before):
            if word in lexicon:
                continue
            if word in BOOSTER_DICT:
                scalar = scalar_inc_dec(words[place - distance - 1], valence, capitals)
                valence = valence + scalar * _LESS_BY_DISTANCE[distance]
            if word in _NEGATIONS or "n't" in word or (distance == 2 and before[0] in ("so", "this")):
                valence = self._negation_check(valence, words, distance, place)
            if distance == 2 and not _IDIOM_ENDS.isdisjoint(lower[place - 2 : place + 3]):
                valence = self._special_idioms_check(valence, words, place)
        return self._least_check(valence, words, place) if before[:1] == ["least"] else valence


def _strip(word: str) -> str:
    """A word without surrounding signs, unless it is an emoticon."""
    stripped = word.strip(string.punctuation)
    return stripped if len(stripped) > 2 else word
