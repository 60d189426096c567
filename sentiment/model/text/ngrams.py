"""Counts of word n-grams (terms), the input of the linear models."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse

MAX_ORDER = 3  # words per n-gram
# For short texts, most of these n-grams occur in a single document, which helps; for long ones the limit leaves those
# out, since the most frequent n-grams come first.
MAX_TERMS = 500_000
NEGATIONS = frozenset(
    ("cannot", "cant", "dont", "hardly", "isnt", "neither", "never", "no", "nobody", "none", "nor", "not", "nothing")
)
NEGATED = "not_"  # before a word that follows a negation; no token begins like this
CLAUSE_ENDS = frozenset(".,:;!?")
REACH = 8  # words; without punctuation, nothing else ends it

Documents = list[list[str]]  # the tokens of each document


def mark_negation(tokens: list[str]) -> list[str]:
    """The tokens of a document; words after an English negation are marked by ``NEGATED`` up to the clause's end.

    Thus *not a good film* and *a good film* do not share *good* (Pang, Lee and Vaithyanathan 2002, section 5).
    """
    marked, left = [], 0  # words that the negation still reaches
    for token in tokens:
        if not token[0].isalnum():
            left = 0 if token[0] in CLAUSE_ENDS else left
            marked.append(token)
            continue
        if left:
            left -= 1
            marked.append(NEGATED + token)
        else:
            marked.append(token)
        lower = token.lower()
        if lower in NEGATIONS or lower.endswith("n't"):
            left = REACH
    return marked


def make_term_counter(terms: list[str]) -> Callable[[Documents], Any]:
    """A function of documents that counts these terms in each: sparse CSR float32 of shape (documents, terms)."""
    count = _make_counter(terms)
    return lambda documents: count([mark_negation(tokens) for tokens in documents])


def make_tail_counter(terms: list[str]) -> Callable[[Documents], Any]:
    """The same for the second half of each document, where reviewers usually state their verdict."""
    count = _make_counter(terms)
    return lambda documents: count([_second_half(mark_negation(tokens)) for tokens in documents])


def make_term_weigher(terms: list[str], tail_weight: float) -> Callable[[Documents], Any]:
    """A function of documents that weighs these terms as :func:`weigh_terms` does."""
    count = _make_counter(terms)

    def weigh(documents: Documents) -> Any:
        marked = [mark_negation(tokens) for tokens in documents]
        in_tail = count([_second_half(tokens) for tokens in marked]) if tail_weight else None
        return weigh_terms(count(marked), in_tail, tail_weight)

    return weigh


def weigh_terms(counts: Any, in_tail: Any, tail_weight: float) -> Any:
    """1 + log(count) of each term in a document, plus ``tail_weight`` if it occurs in the document's second half.

    Args:
        counts: of the terms in the documents, sparse CSR of shape (documents, terms).
        in_tail: the same for their second halves (:func:`make_tail_counter`); None if ``tail_weight`` is 0.
        tail_weight: 0 or more.

    Returns:
        Sparse CSR array of the same shape, float64.
    """
    weights = counts.astype(np.float64)
    weights.data = 1 + np.log(weights.data)
    return weights + tail_weight * (in_tail > 0).astype(np.float64) if tail_weight else weights


def _second_half(tokens: list[str]) -> list[str]:
    return tokens[len(tokens) // 2 :]


def _make_counter(terms: list[str]) -> Callable[[Documents], Any]:
    column = {term: number for number, term in enumerate(terms)}
    orders = range(1, max((term.count(" ") for term in terms), default=0) + 2)

    def find(tokens: list[str]) -> tuple[np.ndarray, np.ndarray]:
        grams = (gram for order in orders for gram in map(" ".join, zip(*(tokens[start:] for start in range(order)))))
        numbers = np.array([column[gram] for gram in grams if gram in column], np.int32)
        return np.unique(numbers, return_counts=True)

    def count(documents: Documents) -> Any:
        found = [find(tokens) for tokens in documents] or [find([])]
        columns, counts = map(np.concatenate, zip(*found))
        ends = np.cumsum([0, *(len(numbers) for numbers, _ in found[: len(documents)])], dtype=np.int32)
        return sparse.csr_array((counts.astype(np.float32), columns, ends), (len(documents), len(terms)))

    return count
