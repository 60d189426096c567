"""The word n-grams (terms) of the training split, learned and counted by sorting numbers.

scikit-learn's ``CountVectorizer`` gives the same, but keeps every n-gram as a string in one dict: 25 million for a
million texts of 20 words.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from sentiment.batches import Mapper
from sentiment.errors import UserError
from sentiment.features.tokens import NumberedTokens
from sentiment.model.text.ngrams import MAX_ORDER, MAX_TERMS

BITS = 21  # of a word in the code of an n-gram: MAX_ORDER of them fit int64
MASK = 2**BITS - 1
MAX_WORDS = MASK  # four times MAX_TERMS: the n-grams of rarer words would not be among the most frequent


class _Grams(NamedTuple):
    """The n-grams of one order, and their counts in documents that have them.

    Args:
        codes: their codes (:func:`_encode`), int64 of shape (n-grams,), ascending.
        which: the n-gram of each entry, a place in ``codes``: int32 of shape (entries,).
        documents: the document of each entry, int32.
        counts: how often it occurs there, float32.
    """

    codes: np.ndarray
    which: np.ndarray
    documents: np.ndarray
    counts: np.ndarray


def learn_terms(tokens: NumberedTokens, words: list[str], mapper: Mapper = map) -> tuple[list[str], Any]:
    """The n-grams of the training split by descending document frequency, at most ``MAX_TERMS``, and their counts.

    Args:
        tokens: of only the documents of the training split, after :func:`mark_negation`.
        words: the tokens by their numbers.

    Returns:
        The n-grams, their words joined by spaces, and how often each occurs in these documents: sparse CSR float32 of
        shape (documents, terms).

    Raises:
        UserError: no document has a token.
    """
    if not len(tokens.numbers):
        raise UserError("the training texts have no words: cleaning removed everything")
    numbers = _admit_words(tokens, len(words))
    texts = [words[number] for number in np.flatnonzero(numbers)]
    every = _count_batches(numbers, tokens, range(1, MAX_ORDER + 1), mapper)
    frequencies = [np.bincount(found.which).astype(np.int32) for found in every]
    chosen, terms = _choose_terms([found.codes for found in every], frequencies, texts)
    column = np.full(sum(map(len, frequencies)), -1, dtype=np.int32)
    column[chosen] = np.arange(len(chosen), dtype=np.int32)
    columns = np.split(column, np.cumsum([len(frequency) for frequency in frequencies])[:-1])
    return terms, _to_matrix(every, columns, (len(tokens.lengths), len(terms)))


def count_terms(tokens: NumberedTokens, words: list[str], terms: list[str], mapper: Mapper = map) -> Any:
    """How often each term occurs in each document: sparse CSR float32 of shape (documents, terms)."""
    known: dict[str, int] = {}
    parts = [[known.setdefault(word, len(known) + 1) for word in term.split(" ")] for term in terms]
    codes, orders = np.array([_encode(part) for part in parts]), np.array([len(part) for part in parts])
    numbers = np.array([known.get(word, 0) for word in words], dtype=np.int32)
    present = np.unique(orders).tolist()
    every, columns = _count_batches(numbers, tokens, present, mapper), []
    for order, found in zip(present, every):
        of_order = np.flatnonzero(orders == order)
        of_order = of_order[np.argsort(codes[of_order])]
        _, mine, its = np.intersect1d(codes[of_order], found.codes, assume_unique=True, return_indices=True)
        column = np.full(len(found.codes), -1, dtype=np.int32)
        column[its] = of_order[mine]
        columns.append(column)
    return _to_matrix(every, columns, (len(tokens.lengths), len(terms)))


def _to_matrix(every: list[_Grams], columns: list[np.ndarray], shape: tuple[int, int]) -> Any:
    """The counts of n-grams as sparse CSR with sorted indices; ``columns`` has the column of each, -1 for none."""
    kept = [column[found.which] >= 0 for found, column in zip(every, columns)]
    rows = np.concatenate([found.documents[inside] for found, inside in zip(every, kept)])
    places = np.concatenate([column[found.which[inside]] for found, column, inside in zip(every, columns, kept)])
    counts = np.concatenate([found.counts[inside] for found, inside in zip(every, kept)])
    matrix = sparse.csr_matrix((counts, (rows, places)), shape=shape)
    matrix.sort_indices()
    return matrix


def _admit_words(tokens: NumberedTokens, count: int) -> np.ndarray:
    """The number of each word in an n-gram, from 1, in the order of their own: int32 of shape (count,).

    It is 0 for words of no term: those that these documents do not have, and, if there are more than ``MAX_WORDS``,
    the rarest.
    """
    frequency = np.bincount(tokens.numbers, minlength=count)
    admitted = np.argsort(-frequency, kind="stable")[:MAX_WORDS]
    admitted = np.sort(admitted[frequency[admitted] > 0])
    numbers = np.zeros(count, dtype=np.int32)
    numbers[admitted] = np.arange(1, len(admitted) + 1)
    return numbers


def _count_batches(numbers: np.ndarray, tokens: NumberedTokens, orders: Sequence[int], mapper: Mapper) -> list[_Grams]:
    """Count the n-grams of each of some orders, in batches of documents, and join what was counted.

    Args:
        numbers: the number in an n-gram for each number of ``tokens``, int32; 0 for none.
        tokens: of the documents.
        orders: words of an n-gram.
        mapper: what counts the batches.
    """
    batches = (NumberedTokens(numbers[batch.numbers], batch.starts) for batch in tokens.batches())
    waiting = [list(parts) for parts in zip(*mapper(partial(_count_orders, orders), batches))]
    sizes, joined = [len(batch.lengths) for batch in tokens.batches()], []
    while waiting:  # what has been joined is not kept
        joined.append(_join(waiting.pop(0), sizes))
    return joined


def _count_orders(orders: Sequence[int], words: NumberedTokens) -> list[_Grams]:
    return [_count_grams(words.numbers.astype(np.int64), words.starts, order) for order in orders]


def _join(parts: Sequence[_Grams], sizes: Sequence[int]) -> _Grams:
    """The n-grams of one order in batches of documents; ``sizes`` are the numbers of their documents."""
    codes, places = np.unique(np.concatenate([part.codes for part in parts]), return_inverse=True)
    place_of = np.split(places.astype(np.int32), np.cumsum([len(part.codes) for part in parts])[:-1])
    first = np.cumsum([0, *sizes[:-1]], dtype=np.int32)
    return _Grams(
        codes,
        np.concatenate([own[part.which] for own, part in zip(place_of, parts)]),
        np.concatenate([part.documents + start for start, part in zip(first, parts)]),
        np.concatenate([part.counts for part in parts]),
    )


def _count_grams(words: np.ndarray, starts: np.ndarray, order: int) -> _Grams:
    """Count the n-grams of ``order`` words in each document; none has a word 0.

    Args:
        words: of the documents one after the other, int64 of shape (tokens,).
        starts: where each document begins, and the end.
        order: words of an n-gram.
    """
    documents = np.repeat(np.arange(len(starts) - 1, dtype=np.int32), np.diff(starts))
    count = max(len(words) - order + 1, 0)
    inside = documents[:count] == documents[order - 1 :]
    for shift in range(order):
        inside &= words[shift : shift + count] > 0
    places = np.flatnonzero(inside)
    codes = _encode([words[places + shift] for shift in range(order)])
    by_code = np.argsort(codes, kind="stable")  # so that the documents of an n-gram stay in their order
    codes, documents = codes[by_code], documents[places[by_code]]
    new = _begins(codes)
    entries = np.flatnonzero(new | _begins(documents))
    counts = np.diff(np.append(entries, len(codes))).astype(np.float32)
    return _Grams(codes[new], np.cumsum(new, dtype=np.int32)[entries] - 1, documents[entries], counts)


def _begins(values: np.ndarray) -> np.ndarray:
    """Whether each value differs from the one before it."""
    begins = np.ones(len(values), dtype=bool)
    begins[1:] = values[1:] != values[:-1]
    return begins


def _encode(words: list[Any]) -> Any:
    """The code of an n-gram, from the numbers of its words."""
    code = words[0]
    for word in words[1:]:
        code = (code << BITS) | word
    return code


def _choose_terms(
    codes: list[np.ndarray], frequencies: list[np.ndarray], words: list[str]
) -> tuple[np.ndarray, list[str]]:
    """The n-grams to keep and their texts, by descending document frequency, ties by their texts.

    Args:
        codes: of the n-grams of each order.
        frequencies: their document frequencies.
        words: by their number in a code, from 1.

    Returns:
        The places of the n-grams among those of all orders, one order after the other, and their texts.
    """
    frequency = np.concatenate(frequencies)
    least = np.partition(frequency, -MAX_TERMS)[-MAX_TERMS] if len(frequency) > MAX_TERMS else 1
    candidates = np.flatnonzero(frequency >= least)
    places = np.concatenate(
        [_decode(each[frequency >= least], order) for order, (each, frequency) in enumerate(zip(codes, frequencies), 1)]
    )
    alphabetical = np.zeros(len(words) + 1, dtype=np.int64)
    alphabetical[1 + np.argsort(np.array(words, dtype=object), kind="stable")] = np.arange(1, len(words) + 1)
    order = np.lexsort((*alphabetical[places].T[::-1], -frequency[candidates]))[:MAX_TERMS]
    terms = [" ".join(words[number - 1] for number in numbers if number) for numbers in places[order].tolist()]
    return candidates[order], terms


def _decode(codes: np.ndarray, order: int) -> np.ndarray:
    """The numbers of the words of n-grams, 0 after the last one: int64 of shape (n-grams, MAX_ORDER)."""
    shifts = BITS * (order - 1 - np.arange(MAX_ORDER))
    return np.where(shifts < 0, 0, (codes[:, None] >> np.maximum(shifts, 0)) & MASK)
