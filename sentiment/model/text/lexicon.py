"""The polarity of English words, from VADER's lexicon and rules."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from .ngrams import Documents

if TYPE_CHECKING:
    from .vader import SentenceRater

KEYS = ("pos", "neg", "compound")  # of VADER's scores
COLUMNS = 4
# Of the columns, next to n-grams of norm 1. In cross-validation half as much was worse, twice as much no better.
WEIGHT = 0.5
SENTENCE_ENDS = frozenset(".!?")
LONGEST = 50  # tokens of a sentence: VADER's time grows with the square of a text's length
RECENT = 1_000  # cached sentences: a text whose words are left out in turn repeats most of them


def make_polarity_weigher() -> Callable[[Documents], Any]:
    """A function of documents that gives their polarity by VADER (Hutto and Gilbert 2014), which rates sentences.

    Its rules for negations, intensifiers, *but* and exclamation marks are applied to the tokens and not to the text, so
    that a served model sees what it was trained with. The function returns a sparse CSR array, float64 of shape
    (documents, ``COLUMNS``), with means over the sentences of a document, times ``WEIGHT``: the shares of positive and
    of negative words, and the positive and the negated negative part of the compound score (0 to 1).
    """
    rater = _load_rater()

    def weigh(documents: Documents) -> Any:
        score = lru_cache(RECENT)(rater.polarity_scores)  # nothing is kept from one call to the next
        found = np.zeros((len(documents), COLUMNS))
        for row, tokens in enumerate(documents):
            scores = [score(sentence) for sentence in _sentences(tokens)]
            if scores:
                positive, negative, compound = (sum(each[key] for each in scores) / len(scores) for key in KEYS)
                found[row] = positive, negative, max(compound, 0), max(-compound, 0)
        return sparse.csr_array(WEIGHT * found)

    return weigh


@cache
def _load_rater() -> SentenceRater:
    """The lexicon, read once per process: a fit needs it several times."""
    from .vader import SentenceRater

    return SentenceRater()


def _sentences(tokens: list[str]) -> list[str]:
    """The sentences as texts, with signs attached to words: a separate sign would count as a neutral word."""
    sentences: list[list[str]] = [[]]
    sentence = sentences[-1]
    for token in tokens:
        is_word = token.isalnum()
        if is_word or not sentence or not token.isascii() or token.count(token[0]) < len(token):
            sentence.append(token)
        else:
            sentence[-1] += token
        if (not is_word and token[0] in SENTENCE_ENDS) or len(sentence) == LONGEST:
            sentence = []
            sentences.append(sentence)
    return [" ".join(words) for words in sentences if words]
