"""The character n-grams inside words (grams), which unknown and misspelled words share with known ones."""

from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import gen_batches

from .ngrams import Documents

MIN_SIZE, MAX_SIZE = 2, 5  # characters, including a blank before and after the word
MAX_GRAMS = 200_000
BATCH = 2_000  # documents that are counted at a time while n-grams are learned, to save memory
MAX_WORD = 50  # characters of a word; longer ones, such as a URL or a key, are cut
CACHED_WORDS = 20_000  # whose n-grams are kept


def learn_grams(documents: Documents) -> list[str]:
    """The character n-grams of the training documents by descending document frequency, at most ``MAX_GRAMS``.

    Args:
        documents: the training documents alone.
    """
    words = {word[:MAX_WORD] for tokens in documents for word in tokens}
    grams = sorted({gram for word in words for gram in _grams(word)})
    column = _number(grams)
    document_frequency = np.zeros(len(grams), dtype=np.int64)
    for batch in gen_batches(len(documents), BATCH):
        document_frequency += np.bincount(_count(documents[batch], column).indices, minlength=len(grams))
    return [grams[column] for column in select_frequent(document_frequency)]


def select_frequent(document_frequency: np.ndarray) -> np.ndarray:
    """Columns of the n-grams to keep, by descending document frequency.

    Args:
        document_frequency: int array of shape (n-grams,), the number of documents in which each occurs.
    """
    order = np.argsort(-document_frequency, kind="stable")[:MAX_GRAMS]
    return order[document_frequency[order] > 0]


def make_gram_weigher(grams: list[str]) -> Callable[[Documents], Any]:
    """A function of documents that gives 1 + log of these n-grams' counts: CSR float32, (documents, n-grams)."""
    column = _number(grams)

    def weigh(documents: Documents) -> Any:
        counts = _count(documents, column)
        counts.data = 1 + np.log(counts.data)
        return counts

    return weigh


def _number(grams: list[str]) -> dict[str, int]:
    return {gram: number for number, gram in enumerate(grams)}


def _count(documents: Documents, column: dict[str, int]) -> Any:
    """The documents' words times the words' n-grams, so that each word is split only once."""
    words: dict[str, int] = {}
    rows, columns, counts = [], [], []
    for row, tokens in enumerate(documents):
        for word, count in Counter(tokens).items():
            rows.append(row)
            columns.append(words.setdefault(word[:MAX_WORD], len(words)))
            counts.append(count)
    grams_of_words = [[column[gram] for gram in _grams(word) if gram in column] for word in words]
    ends = np.cumsum([0, *map(len, grams_of_words)])
    numbers = np.fromiter((number for grams in grams_of_words for number in grams), np.int32, ends[-1])
    of_words = sparse.csr_array((np.ones(len(numbers), np.float32), numbers, ends), (len(words), len(column)))
    in_documents = sparse.csr_array((np.array(counts, np.float32), (rows, columns)), (len(documents), len(words)))
    return in_documents @ of_words


@lru_cache(maxsize=CACHED_WORDS)
def _grams(word: str) -> tuple[str, ...]:
    padded = f" {word} "
    return tuple(
        padded[start : start + size]
        for size in range(MIN_SIZE, MAX_SIZE + 1)
        for start in range(len(padded) - size + 1)
    )
