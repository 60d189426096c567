"""VADER (Hutto and Gilbert 2014): a lexicon of rated English words, with rules for negations and intensifiers."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from sentiment.labelling.labelers import in_portions

if TYPE_CHECKING:
    import numpy as np

EXPECTED = "vader"
REQUIREMENTS = ()  # its lexicon comes with the package, which is in requirements.txt
SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def matches(name: str) -> bool:
    return name == EXPECTED


def resolve(name: str) -> str:
    return name


def digest(name: str) -> str | None:
    return name


def training_texts(name: str) -> Collection[str]:
    return ()


def rate(name: str, texts: Sequence[str]) -> np.ndarray:
    """The compound score, averaged over a text's sentences, as VADER's authors advise."""
    import numpy as np
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    score = SentimentIntensityAnalyzer().polarity_scores

    def polarity(text: str) -> float:
        scores = [score(sentence)["compound"] for sentence in _sentences(text)]
        return sum(scores) / len(scores)

    return np.array([polarity(text) for part in in_portions(name, texts) for text in part], dtype=np.float64)


def _sentences(text: str) -> list[str]:
    """The sentences of a text; those too long for VADER in parts."""
    from sentiment.model.text.lexicon import LONGEST

    parts = []
    for sentence in SENTENCE_END.split(text):
        words = sentence.split()
        parts += [" ".join(words[start : start + LONGEST]) for start in range(0, max(len(words), 1), LONGEST)]
    return parts
