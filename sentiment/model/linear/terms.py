"""Selection of a linear model's n-grams (terms)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..space import Params

DENSE_TERMS = 2_000  # gaussian_nb needs a dense matrix


def select_terms(terms: list[str], params: Params) -> list[int]:
    """Columns of the most frequent terms of at most ``max_order`` words.

    Args:
        terms: by descending document frequency.
        params: ``classifier``, ``max_order`` and ``max_terms`` are used.
    """
    return [column for column, term in enumerate(terms) if term.count(" ") < params["max_order"]][: _limit(params)]


def select_terms_of(counts: Any, orders: np.ndarray, params: Params) -> np.ndarray:
    """The same as :func:`select_terms` for part of the documents, whose terms have other document frequencies.

    Args:
        counts: of the terms in these documents, sparse CSR of shape (documents, terms).
        orders: words in each term, int array of shape (terms,).
        params: as for :func:`select_terms`.
    """
    document_frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    admitted = np.flatnonzero((document_frequency > 0) & (orders <= params["max_order"]))
    return admitted[np.argsort(-document_frequency[admitted], kind="stable")][: _limit(params)]


def _limit(params: Params) -> int:
    return DENSE_TERMS if params["classifier"] == "gaussian_nb" else params["max_terms"]
