"""Counts of word n-grams: what the simple family reads."""

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

MAX_ORDER = 3  # words, pairs and triples of words
MIN_DOCUMENTS = 2  # an n-gram of one document alone says nothing about others
MAX_TERMS = 200_000


def learn_terms(documents):
    """The n-grams of the training split, those that stand in the most documents first.

    Args:
        documents: list of lists of str, the tokens of the training split alone.

    Returns:
        List of str, at most ``MAX_TERMS``; the words of an n-gram are joined by a blank.
    """
    smallest = min(MIN_DOCUMENTS, len(documents))
    vectorizer = _vectorizer(max_order=MAX_ORDER, min_df=smallest)
    try:
        counts = vectorizer.fit_transform(documents)
    except ValueError:  # scikit-learn's, when no n-gram stands in enough documents
        return []
    spread = np.bincount(counts.indices, minlength=counts.shape[1])
    terms = vectorizer.get_feature_names_out()
    order = np.lexsort((terms, -spread))
    return [str(term) for term in terms[order][:MAX_TERMS]]


def count_terms(documents, terms):
    """How often each term stands in each document.

    Args:
        documents: list of lists of str.
        terms: list of str, as :func:`learn_terms` gives it.

    Returns:
        Sparse CSR array of shape (documents, terms), float32.
    """
    return term_counter(terms)(documents)


def term_counter(terms):
    """:func:`count_terms` for these terms as a function of the documents, which looks at the terms once."""
    orders = max((term.count(" ") + 1 for term in terms), default=1)
    vectorizer = _vectorizer(max_order=orders, vocabulary=terms)
    return lambda documents: vectorizer.transform(documents).astype(np.float32)


def term_weigher(terms, tail_weight):
    """A function of documents (lists of lists of str) that weighs these terms as :func:`term_weights` does."""
    count = term_counter(terms)
    if not tail_weight:
        return lambda documents: term_weights(count(documents), None, 0.0)

    def weigh(documents):
        # Cut in two, so that nothing is counted twice but the terms across the middle.
        counts = count([tokens[: len(tokens) // 2 + MAX_ORDER - 1] for tokens in documents])
        in_tail = count(tails(documents))
        return term_weights(counts + in_tail, in_tail, tail_weight)

    return weigh


def tails(documents):
    """The second half of each document, a list of lists of str: reviewers come to their verdict at the end."""
    return [tokens[len(tokens) // 2 :] for tokens in documents]


def term_weights(counts, in_tail, tail_weight):
    """1 for each term that stands in a document, and ``tail_weight`` more where it stands in its second half.

    Args:
        counts: of the terms in the documents, sparse CSR of shape (documents, terms).
        in_tail: the same of their :func:`tails`; None where these do not count for more.
        tail_weight: 0 and up.

    Returns:
        Sparse CSR array of the same shape, float64.
    """
    weights = (counts > 0).astype(np.float64)
    return weights + tail_weight * (in_tail > 0).astype(np.float64) if tail_weight else weights


def _as_it_is(tokens):
    return tokens


def _vectorizer(max_order, **options):
    return CountVectorizer(
        tokenizer=_as_it_is, preprocessor=_as_it_is, token_pattern=None, ngram_range=(1, max_order), **options
    )
