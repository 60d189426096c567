import tracemalloc

import numpy as np
import pytest
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.utils.estimator_checks import check_estimator

from sentiment.model.linear.blended_svm import BlendedSVM
from sentiment.model.text import chargrams
from sentiment.model.text.chargrams import learn_grams, make_gram_counter
from sentiment.model.text.cleaning import Cleaner
from sentiment.model.text.ngrams import make_term_counter, make_term_weigher, second_halves, weigh_terms
from tests.model.test_nb_svm import OF_THE_SOLVER


@pytest.mark.parametrize("words", [None, 1])
def test_it_is_a_scikit_learn_estimator(words):
    check_estimator(BlendedSVM(words), expected_failed_checks=OF_THE_SOLVER)


def test_both_parts_have_unit_length_and_are_weighed_as_the_papers_say():
    counts = np.array([[1, 0, 3, 0], [1, 1, 1, 1], [0, 1, 0, 2], [0, 2, 1, 4]], dtype=float)
    labels = np.array([1, 1, 0, 0])
    model = BlendedSVM(words=2, share=0.5, random_state=0).fit(sparse.csr_array(counts), labels)
    inside, outside = np.array([1 + 2, 1 + 1]), np.array([1 + 0, 1 + 2])
    assert np.allclose(model.ratio_[0], np.log(inside / inside.sum() / (outside / outside.sum())))
    features = model.scale(sparse.csr_array(counts), 1).toarray()
    assert np.allclose(np.linalg.norm(features[:, :2], axis=1), 1)
    assert np.allclose(
        features[:, 2:], 0.5 * TfidfTransformer(sublinear_tf=True).fit_transform(counts[:, 2:]).toarray()
    )


def test_a_term_of_the_second_half_weighs_more():
    documents = [["a", "b", "a", "c"], ["c", "a", "b"], ["b"], [], ["a", "b", "c", "a", "b", "c"]]
    terms = ["a", "b", "c", "a b", "b a", "a b c", "b c a"]
    # a b c a b c is cut into a b c and a b c: the pair c a and the triple b c a stand across, in neither half.
    expected = [[3, 1, 3, 1, 1, 0, 0], [3, 3, 1, 3, 0, 0, 0], [0, 3, 0, 0, 0, 0, 0], [0] * 7, [3, 3, 3, 3, 0, 3, 1]]
    assert make_term_weigher(terms, 2.0)(documents).toarray().tolist() == expected
    count = make_term_counter(terms)
    for weight in (0.0, 2.0):
        at_once = weigh_terms(count(documents), count(second_halves(documents)), weight)
        assert np.array_equal(make_term_weigher(terms, weight)(documents).toarray(), at_once.toarray())


def test_character_n_grams_are_scikit_learns_inside_words():
    documents = [["bad", "acting"], ["a", "really", "bad", "bad", "film"], ["badly", "acted"], ["bad", "act"]]
    grams = learn_grams(documents)
    assert grams[0] == " bad" and set(grams) == {" bad", "bad ", " bad ", " act"}
    known = CountVectorizer(analyzer="char_wb", ngram_range=(4, 6), vocabulary=grams)
    expected = known.transform([" ".join(tokens) for tokens in documents])
    assert np.array_equal(make_gram_counter(grams)(documents).toarray(), expected.toarray())


def test_words_that_are_not_seen_again_leave_no_memory_behind():
    count = make_gram_counter(learn_grams([["good", "film"]] * 3))
    stem = Cleaner(stemming="porter").tokens
    chargrams._grams.cache_clear()
    tracemalloc.start()
    for number in range(2):
        before = tracemalloc.get_traced_memory()[0]
        for letter in "abcdefgh":
            word = letter * 100_000 + str(number)
            assert count([stem(word)]).shape == (1, count([["good"]]).shape[1])
    assert tracemalloc.get_traced_memory()[0] - before < 100_000
    tracemalloc.stop()


def test_a_long_word_counts_as_its_beginning_in_training_and_in_serving():
    long, cut = "x" * 60, "x" * 50
    assert learn_grams([[long]] * 3) == learn_grams([[cut]] * 3)
    count = make_gram_counter(learn_grams([[cut], ["good"], ["film"]] * 3))
    assert np.array_equal(count([[long, cut]]).toarray(), count([[cut, cut]]).toarray())
