"""Kinds of words, features of the networks, from VADER's lexicon (Hutto and Gilbert 2014).

A kind is positive or negative of some strength, a negation, or a word that strengthens or weakens others.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .cleaning import Cleaner

STRENGTHS = 4
POSITIVE, NEGATIVE = 1, 1 + STRENGTHS  # the weakest of each
NEGATION, INTENSIFIER, DIMINISHER = range(1 + 2 * STRENGTHS, 4 + 2 * STRENGTHS)
KINDS = DIMINISHER  # 0 is any other word


@cache  # final fits and fits on parts of the training split reuse it with the same cleaner
def learn_word_kinds(cleaner: Cleaner) -> Mapping[str, int]:
    """The kind, from 1 to ``KINDS``, of each word that VADER knows, spelled as the cleaner leaves it."""
    from vaderSentiment.vaderSentiment import BOOSTER_DICT, NEGATE, SentimentIntensityAnalyzer

    kinds = {word: INTENSIFIER if factor > 0 else DIMINISHER for word, factor in BOOSTER_DICT.items()}
    kinds |= dict.fromkeys((*NEGATE, "not", "no"), NEGATION)
    for word, valence in SentimentIntensityAnalyzer().lexicon.items():  # -4 to 4
        if word not in kinds:
            first = POSITIVE if valence > 0 else NEGATIVE
            kinds[word] = first + min(max(round(abs(valence)), 1), STRENGTHS) - 1
    found: dict[str, int] = {}
    for word, kind in kinds.items():
        for spelling in (word, word.capitalize(), word.upper()):
            tokens = cleaner.tokens(spelling)
            if len(tokens) == 1:
                found.setdefault(tokens[0], kind)
    return found


def make_kind_features() -> np.ndarray:
    """A network's inputs for a word besides its embedding, by kind: float32 of shape (``KINDS`` + 1, 4).

    How positive and how negative it is (0 to 4, as VADER rates), whether it is a negation (0 or 1), and whether it
    strengthens (1) or weakens (-1) others.
    """
    features = np.zeros((KINDS + 1, 4), dtype=np.float32)
    for strength in range(STRENGTHS):
        features[POSITIVE + strength, 0] = features[NEGATIVE + strength, 1] = strength + 1
    features[NEGATION, 2] = features[INTENSIFIER, 3] = 1
    features[DIMINISHER, 3] = -1
    return features
