"""The opinion lexicon of Hu and Liu (2004): 6,800 positive and negative English words, an NLTK corpus."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from sentiment.corpora.sources import nltk_corpora
from sentiment.labelling.labelers import in_portions

if TYPE_CHECKING:
    import numpy as np

EXPECTED = "opinion_lexicon"
REQUIREMENTS = ()
SIGNS = "'*+-"  # the lexicon has f**k and a+
WORD = re.compile(rf"[a-z][a-z{SIGNS}]*")


def matches(name: str) -> bool:
    return name == EXPECTED


def resolve(name: str) -> str:
    return name


def digest(name: str) -> str | None:
    found = nltk_corpora.NltkCorpus(EXPECTED).digest()
    return found and found.value


def training_texts(name: str) -> Collection[str]:
    return ()


def rate(name: str, texts: Sequence[str]) -> np.ndarray:
    """The share of positive words among those in the lexicon, minus that of negative ones; 0 if it has none.

    Raises:
        UserError: NLTK's data folders do not have the lexicon, and it cannot be downloaded.
    """
    import numpy as np

    reader = nltk_corpora.load(EXPECTED, "leave it out of label_by")
    positive, negative = frozenset(reader.positive()), frozenset(reader.negative())  # envious and two others are both

    def polarity(text: str) -> float:
        found = WORD.findall(text.lower())
        words = [word if word in positive or word in negative else word.rstrip(SIGNS) for word in found]
        above, below = (sum(word in known for word in words) for known in (positive, negative))
        return (above - below) / max(above + below, 1)

    return np.array([polarity(text) for part in in_portions(name, texts) for text in part], dtype=np.float64)
