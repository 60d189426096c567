"""Character n-grams inside words (grams), which unknown and misspelled words share with known ones."""

from collections import Counter
from collections.abc import Callable, Iterable
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
        documents: only the training documents.
    """
    return CountedWords([documents]).grams


def select_frequent(document_frequency: np.ndarray) -> np.ndarray:
    """Columns of the n-grams to keep, by descending document frequency.

    Args:
        document_frequency: int array of shape (n-grams,), the number of documents in which each occurs.
    """
    order = np.argsort(-document_frequency, kind="stable")[:MAX_GRAMS]
    return order[document_frequency[order] > 0]


def make_gram_weigher(grams: list[str]) -> Callable[[Documents], Any]:
    """A function of documents that gives 1 + log of these n-grams' counts: CSR float32, (documents, n-grams)."""
    find = lru_cache(maxsize=CACHED_WORDS)(_make_finder(grams))

    def weigh(documents: Documents) -> Any:
        words: dict[str, int] = {}
        return _weigh(_count_words(documents, words), _spell(words, find, len(grams)))

    return weigh


class CountedWords:
    """The words of documents that come in portions; each word is split into n-grams only once.

    Args:
        portions: the documents' tokens.
    """

    def __init__(self, portions: Iterable[Documents]) -> None:
        words: dict[str, int] = {}
        parts = [_count_words(documents, words) for documents in portions]
        for part in parts:
            part.resize(part.shape[0], len(words))
        self._documents = sparse.vstack(parts, format="csr")
        every = sorted({gram for word in words for gram in _grams(word)})
        of_words = _spell(words, _make_finder(every), len(every))
        document_frequency = np.zeros(len(every), dtype=np.int64)
        for batch in gen_batches(self._documents.shape[0], BATCH):
            document_frequency += np.bincount((self._documents[batch] @ of_words).indices, minlength=len(every))
        chosen = select_frequent(document_frequency)
        self._of_words = of_words[:, chosen]
        self.grams = [every[column] for column in chosen]

    def weigh(self, batch: slice) -> Any:
        """The result of :func:`make_gram_weigher` for ``grams`` and some of the documents."""
        return _weigh(self._documents[batch], self._of_words)


def _weigh(documents: Any, of_words: Any) -> Any:
    """1 + log of the counts of n-grams: the words of documents times the n-grams of these words."""
    counts = documents @ of_words
    counts.data = 1 + np.log(counts.data)
    return counts


def _count_words(documents: Documents, words: dict[str, int]) -> Any:
    """How often each word occurs in each document; new ones are numbered in ``words``."""
    columns, counts, ends = [], [], [0]
    for tokens in documents:
        for word, count in Counter(tokens).items():
            columns.append(words.setdefault(word[:MAX_WORD], len(words)))
            counts.append(count)
        ends.append(len(columns))
    shape = len(documents), len(words)
    counted = sparse.csr_array((np.array(counts, np.float32), np.array(columns, np.int32), np.array(ends)), shape)
    counted.sum_duplicates()  # words that are equal after the cut
    return counted


def _spell(words: Iterable[str], find: Callable[[str], np.ndarray], grams: int) -> Any:
    """The numbered n-grams of each word: sparse CSR float32 of shape (words, n-grams)."""
    found = [find(word) for word in words]
    ends = np.cumsum([0, *map(len, found)])
    numbers = np.concatenate([np.empty(0, np.int32), *found])
    return sparse.csr_array((np.ones(len(numbers), np.float32), numbers, ends), (len(found), grams))


def _make_finder(grams: list[str]) -> Callable[[str], np.ndarray]:
    """A function that gives the numbers of a word's n-grams that are among these, in its order: int32."""
    column = {gram: number for number, gram in enumerate(grams)}
    return lambda word: np.array([column[gram] for gram in _grams(word) if gram in column], np.int32)


@lru_cache(maxsize=CACHED_WORDS)
def _grams(word: str) -> tuple[str, ...]:
    padded = f" {word} "
    return tuple(
        padded[start : start + size]
        for size in range(MIN_SIZE, MAX_SIZE + 1)
        for start in range(len(padded) - size + 1)
    )
