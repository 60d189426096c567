"""Counts of the character n-grams inside words: what an unknown, a rare or a misspelled word has in common with others."""

from collections import Counter
from functools import lru_cache

import numpy as np
from scipy import sparse
from sklearn.utils import gen_batches

SMALLEST, LARGEST = 4, 6  # characters, with a blank before and after the word
MIN_DOCUMENTS = 3
MAX_GRAMS = 200_000
BATCH = 2_000  # documents that are counted at a time while n-grams are learned, for the memory's sake


def learn_grams(documents):
    """The character n-grams of the training documents, those that stand in the most documents first.

    Args:
        documents: list of lists of str, the tokens of the training documents alone.

    Returns:
        List of str, at most ``MAX_GRAMS``.
    """
    words = {word for tokens in documents for word in tokens}
    grams = sorted({gram for word in words for gram in _grams(word)})
    count = gram_counter(grams)
    spread = np.zeros(len(grams), dtype=np.int64)
    for batch in gen_batches(len(documents), BATCH):
        spread += np.bincount(count(documents[batch]).indices, minlength=len(grams))
    return [grams[column] for column in widespread(spread)]


def widespread(spread):
    """Columns of the n-grams to keep, in the order of their spread.

    Args:
        spread: int array of shape (n-grams,), the number of documents that each stands in.
    """
    order = np.argsort(-spread, kind="stable")[:MAX_GRAMS]
    return order[spread[order] >= MIN_DOCUMENTS]


def gram_counter(grams):
    """A function of documents (list of lists of str) that counts these n-grams: CSR float32, (documents, n-grams)."""
    place = {gram: number for number, gram in enumerate(grams)}
    return lambda documents: _count(documents, place)


def _count(documents, place):
    """A document's words times the words' n-grams: a word that comes back is cut once."""
    words, rows, columns, counts = {}, [], [], []
    for row, tokens in enumerate(documents):
        for word, count in Counter(tokens).items():
            rows.append(row)
            columns.append(words.setdefault(word, len(words)))
            counts.append(count)
    inside = [[place[gram] for gram in _grams(word) if gram in place] for word in words]
    ends = np.cumsum([0, *map(len, inside)])
    numbers = np.fromiter((number for found in inside for number in found), np.int32, ends[-1])
    of_words = sparse.csr_array((np.ones(len(numbers), np.float32), numbers, ends), (len(words), len(place)))
    in_documents = sparse.csr_array((np.array(counts, np.float32), (rows, columns)), (len(documents), len(words)))
    return in_documents @ of_words


@lru_cache(maxsize=100_000)
def _grams(word):
    padded = f" {word} "
    if len(padded) <= SMALLEST:
        return (padded,)
    return tuple(
        padded[start : start + size] for size in range(SMALLEST, LARGEST + 1) for start in range(len(padded) - size + 1)
    )
