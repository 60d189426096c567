"""Counts of word n-grams (terms), the input of the linear models."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

MAX_ORDER = 3  # words per n-gram
MIN_DOCUMENTS = 2  # an n-gram that occurs in a single document says nothing about others
MAX_TERMS = 200_000

Documents = list[list[str]]  # the tokens of each document


def learn_terms(documents: Documents) -> list[str]:
    """The n-grams of the training split by descending document frequency, at most ``MAX_TERMS``.

    Args:
        documents: those of the training split alone.

    Returns:
        The n-grams, their words joined by blanks.
    """
    min_documents = min(MIN_DOCUMENTS, len(documents))
    vectorizer = _vectorizer(max_order=MAX_ORDER, min_df=min_documents)
    try:
        counts = vectorizer.fit_transform(documents)
    except ValueError:  # scikit-learn's, if no n-gram occurs in enough documents
        return []
    document_frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    terms = vectorizer.get_feature_names_out()
    order = np.lexsort((terms, -document_frequency))
    return [str(term) for term in terms[order][:MAX_TERMS]]


def count_terms(documents: Documents, terms: list[str]) -> Any:
    """How often each term occurs in each document: sparse CSR float32 of shape (documents, terms)."""
    return make_term_counter(terms)(documents)


def make_term_counter(terms: list[str]) -> Callable[[Documents], Any]:
    """:func:`count_terms` for these terms as a function of the documents. It indexes the terms only once."""
    max_order = max((term.count(" ") + 1 for term in terms), default=1)
    vectorizer = _vectorizer(max_order=max_order, vocabulary=terms)
    return lambda documents: vectorizer.transform(documents).astype(np.float32)


def make_term_weigher(terms: list[str], tail_weight: float) -> Callable[[Documents], Any]:
    """A function of documents that weighs these terms as :func:`weigh_terms` does."""
    count = make_term_counter(terms)
    if not tail_weight:
        return lambda documents: weigh_terms(count(documents), None, 0.0)

    def weigh(documents: Documents) -> Any:
        # Each document is cut into halves that are counted separately. Only the n-grams across the cut are counted
        # twice.
        counts = count([tokens[: len(tokens) // 2 + MAX_ORDER - 1] for tokens in documents])
        in_tail = count(second_halves(documents))
        return weigh_terms(counts + in_tail, in_tail, tail_weight)

    return weigh


def second_halves(documents: Documents) -> Documents:
    """The second half of each document, where reviewers usually state their verdict."""
    return [tokens[len(tokens) // 2 :] for tokens in documents]


def weigh_terms(counts: Any, in_tail: Any, tail_weight: float) -> Any:
    """1 for each term that occurs in a document, plus ``tail_weight`` if it occurs in the document's second half.

    Args:
        counts: of the terms in the documents, sparse CSR of shape (documents, terms).
        in_tail: the same of their :func:`second_halves`; None if ``tail_weight`` is 0.
        tail_weight: 0 or more.

    Returns:
        Sparse CSR array of the same shape, float64.
    """
    weights = (counts > 0).astype(np.float64)
    return weights + tail_weight * (in_tail > 0).astype(np.float64) if tail_weight else weights


def _identity(tokens: list[str]) -> list[str]:
    return tokens


def _vectorizer(max_order: int, **options: Any) -> CountVectorizer:
    return CountVectorizer(
        tokenizer=_identity, preprocessor=_identity, token_pattern=None, ngram_range=(1, max_order), **options
    )
