"""N-grams that are learned by sorting numbers are those that scikit-learn learns with a dict."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from sentiment.features import terms as module
from sentiment.features.terms import count_terms, learn_terms
from sentiment.features.tokens import Numbering, number_words
from sentiment.model.text.cleaning import Cleaner
from sentiment.model.text.ngrams import make_term_counter, mark_negation


@pytest.fixture(scope="module")
def texts():
    """Texts of words of which a few are frequent, some are negations, and some are in one text alone."""
    random = np.random.default_rng(0)
    words = np.array(["the", "not", ".", "film", *(f"w{number}" for number in range(200))])
    ranks = np.minimum(random.zipf(1.4, (300, 30)), len(words)) - 1
    lengths = random.integers(0, 30, 300)
    return [" ".join(words[rank[:length]]) for rank, length in zip(ranks, lengths)]


@pytest.mark.parametrize("limit", [100, 1_500, 500_000])
def test_terms_and_counts_are_those_of_scikit_learn(texts, limit, monkeypatch):
    monkeypatch.setattr(module, "MAX_TERMS", limit)
    train, other = texts[:200], texts[200:]
    tokens = Cleaner().tokens
    peer = CountVectorizer(analyzer=lambda text: _grams(mark_negation(tokens(text))))
    expected = peer.fit_transform(train).astype(np.float32)
    names, frequency = peer.get_feature_names_out(), np.bincount(expected.indices)
    order = np.lexsort((names, -frequency))[:limit]

    numbering = Numbering()
    _, marked = number_words(train, Cleaner(), numbering, "train")
    terms, counts = learn_terms(marked, numbering.words)
    assert terms == names[order].tolist()
    assert counts.dtype == np.float32 and (counts != expected[:, order]).nnz == 0
    _, marked = number_words(other, Cleaner(), numbering, "other")
    of_others = count_terms(marked, numbering.words, terms)
    assert (of_others != make_term_counter(terms)([tokens(text) for text in other])).nnz == 0


def test_of_more_words_than_fit_a_number_the_most_frequent_are_in_terms(texts, monkeypatch):
    monkeypatch.setattr(module, "MAX_WORDS", 5)
    numbering = Numbering()
    _, tokens = number_words(texts, Cleaner(), numbering, "train")
    terms, counts = learn_terms(tokens, numbering.words)
    frequency = np.bincount(tokens.numbers)
    most = {numbering.words[number] for number in np.argsort(-frequency, kind="stable")[:5]}
    assert {word for term in terms for word in term.split()} == most and len(terms) > 20
    assert counts[:, terms.index("the")].sum() == frequency[numbering.words.index("the")]


def _grams(tokens):
    return [" ".join(tokens[start : start + n]) for n in (1, 2, 3) for start in range(len(tokens) - n + 1)]
