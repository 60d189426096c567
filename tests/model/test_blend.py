import tracemalloc

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import normalize
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import check_estimator

from sentiment.model.families import simple
from sentiment.model.linear import blend
from sentiment.model.linear.blend import BlendTrainer
from sentiment.model.linear.blended_svm import BlendedSVM
from sentiment.model.linear.terms import select_terms_of
from sentiment.model.text import chargrams
from sentiment.model.text.chargrams import learn_grams, make_gram_weigher
from sentiment.model.text.cleaning import Cleaner
from sentiment.model.text.ngrams import (
    make_tail_counter,
    make_term_counter,
    make_term_weigher,
    mark_negation,
    weigh_terms,
)
from sentiment.model.training import Training
from tests.model.conftest import corpus, make_features, write_corpus
from tests.model.test_nb_svm import OF_THE_SOLVER


@pytest.mark.parametrize("words", [None, 1])
def test_it_is_a_scikit_learn_estimator(words):
    check_estimator(BlendedSVM(words), expected_failed_checks=OF_THE_SOLVER)


@pytest.mark.parametrize("weighting", ["ratio", "tfidf", "ratio_tfidf"])
def test_both_parts_have_unit_length_and_are_weighed_as_the_papers_say(weighting):
    frequencies = np.array([[1, 0, 3, 0], [1, 1, 1, 1], [0, 1, 0, 2], [0, 2, 1, 4]], dtype=float)
    labels = np.array([1, 1, 0, 0])
    model = BlendedSVM(words=2, weighting=weighting, share=0.5, random_state=0)
    model.fit(sparse.csr_array(frequencies), labels)
    inside, outside = np.array([1 + 2, 1 + 1]), np.array([1 + 0, 1 + 2])
    ratio = np.log(inside / inside.sum() / (outside / outside.sum())) if "ratio" in weighting else 1
    idf = TfidfTransformer().fit(frequencies).idf_
    words = frequencies[:, :2] * ratio * (idf[:2] if "tfidf" in weighting else 1)
    features = model.scale(sparse.csr_array(frequencies), model.scale_[0]).toarray()
    assert np.allclose(features[:, :2], normalize(words))
    assert np.allclose(features[:, 2:], 0.5 * normalize(frequencies[:, 2:] * idf[2:]))


def test_the_ten_lines_of_scikit_learn_are_one_of_the_models_that_are_tried(tmp_path):
    """TF-IDF of words and characters and a LinearSVC, on texts whose tokens scikit-learn finds, too."""
    features = make_features(tmp_path, ["good", "bad"])
    by_hand = {"word_weighting": "tfidf", "lexicon": "none"}
    params = simple.DEFAULTS | next(point for point in simple.STARTS if point == by_hand)
    texts = features.texts("train") + features.texts("validation")
    outside = np.arange(100, len(texts))
    classifier, train, test = BlendTrainer(features, params, Training()).fold(np.arange(100), outside)
    labels = np.concatenate([features.labels("train"), features.labels("validation")])
    ours = classifier.fit(train, labels[:100]).decision_function(test)
    peer = make_pipeline(
        make_union(
            TfidfVectorizer(token_pattern=r"[^\s]+", ngram_range=(1, 2), sublinear_tf=True),
            TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
        ),
        LinearSVC(C=params["C"], random_state=Training().seed),
    )
    expected = peer.fit(texts[:100], labels[:100]).decision_function(texts[100:])
    assert np.allclose(ours, expected, atol=1e-3)


def test_what_a_fold_reads_is_chosen_by_the_texts_that_it_is_fitted_on(two_classes):
    trainer = BlendTrainer(two_classes, simple.DEFAULTS | {"lexicon": "none"}, Training())
    _, train, test = trainer.fold(np.arange(2), np.arange(2, 50))
    assert train.shape[1] == test.shape[1] and (train > 0).sum(axis=0).min() > 0
    counts, orders = sparse.csr_array([[1, 0, 1, 1], [0, 0, 1, 1], [0, 0, 2, 1]]), np.array([1, 1, 1, 2])
    params = {"classifier": "blend", "max_order": 1}
    assert select_terms_of(counts, orders, params | {"max_terms": 1}).tolist() == [2]  # the most frequent
    assert select_terms_of(counts, orders, params | {"max_terms": 9}).tolist() == [2, 0]


def test_near_duplicates_share_a_fold_of_the_calibration(tmp_path, monkeypatch):
    part = corpus(["good", "bad"]).assign(group=np.arange(120) // 2)
    features = write_corpus(tmp_path, dict.fromkeys(("train", "validation", "test"), part))
    asked = []
    monkeypatch.setattr(blend, "calibration_folds", lambda labels, groups, seed: asked.append(groups) or 2)
    BlendTrainer(features, simple.DEFAULTS | {"lexicon": "none"}, Training()).fit()
    assert np.array_equal(asked[0], features.groups("train")) and len(set(asked[0])) == 60


def test_words_after_a_negation_are_other_words_up_to_the_next_sign():
    marked = mark_negation(["it", "isn't", "a", "good", "film", ",", "but", "good", "fun"])
    assert marked == ["it", "isn't", "not_a", "not_good", "not_film", ",", "but", "good", "fun"]
    assert mark_negation(["not", '"', "good", '"', "?", "good"]) == ["not", '"', "not_good", '"', "?", "good"]
    assert mark_negation(["Never", *"abcdefghi"]) == ["Never", *(f"not_{letter}" for letter in "abcdefgh"), "i"]
    assert mark_negation([]) == []


def test_a_negation_in_the_first_half_reaches_into_the_second():
    documents = [["not", "a", "good", "film"]]
    assert make_tail_counter(["not_good"])(documents).toarray() == 1
    assert make_term_weigher(["not_good"], 2.0)(documents).toarray() == 3


def test_a_term_of_the_second_half_weighs_more():
    documents = [["a", "b", "a", "c"], ["c", "a", "b"], ["b"], [], ["a", "b", "c", "a", "b", "c"]]
    terms = ["a", "b", "c", "a b", "b a", "a b c", "b c a"]
    twice = 1 + np.log(2)
    # a b c a b c is cut into a b c and a b c: the triple b c a stands across, in neither half.
    expected = [
        [twice + 2, 1, 3, 1, 1, 0, 0],
        [3, 3, 1, 3, 0, 0, 0],
        [0, 3, 0, 0, 0, 0, 0],
        [0] * 7,
        [twice + 2, twice + 2, twice + 2, twice + 2, 0, twice + 2, 1],
    ]
    assert np.allclose(make_term_weigher(terms, 2.0)(documents).toarray(), expected)
    count = make_term_counter(terms)
    for weight in (0.0, 2.0):
        at_once = weigh_terms(count(documents), make_tail_counter(terms)(documents), weight)
        assert np.array_equal(make_term_weigher(terms, weight)(documents).toarray(), at_once.toarray())


def test_character_n_grams_are_scikit_learns_inside_words():
    documents = [["bad", "acting"], ["a", "really", "bad", "bad", "film"], ["badly", "acted"], ["!!", "act"]]
    texts = [" ".join(tokens) for tokens in documents]
    peer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, use_idf=False, norm=None)
    expected = peer.fit_transform(texts).toarray()
    grams = learn_grams(documents)
    assert set(grams) == set(peer.get_feature_names_out()) and grams[0] == " a"
    columns = [peer.vocabulary_[gram] for gram in grams]
    assert np.allclose(make_gram_weigher(grams)(documents).toarray(), expected[:, columns])


def test_words_that_are_not_seen_again_leave_no_memory_behind():
    count = make_gram_weigher(learn_grams([["good", "film"]] * 3))
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
    count = make_gram_weigher(learn_grams([[cut], ["good"], ["film"]] * 3))
    assert np.array_equal(count([[long, cut]]).toarray(), count([[cut, cut]]).toarray())


def write_unseen(folder, words, sentence):
    """The features of a corpus whose test split has none of the words that tell the classes apart in the others."""
    rows = {
        name: [(sentence.format(word), label) for label, of_class in words.items() for word in of_class[where]]
        for name, where in (("train", slice(0, 4)), ("validation", slice(2, 6)), ("test", slice(6, None)))
    }
    return write_corpus(folder, {name: pd.DataFrame(part, columns=["text", "label"]) for name, part in rows.items()})


def test_words_that_were_never_seen_are_known_by_the_lexicon(tmp_path):
    good = ["good", "nice", "happy", "great", "fine", "lovely", "superb", "charming", "brilliant"]
    bad = ["bad", "ugly", "sad", "awful", "boring", "terrible", "horrible", "annoying", "dreadful"]
    features = write_unseen(tmp_path, {"neg": bad, "pos": good}, "the film was {} and that is it")
    right = {}
    for lexicon in ("vader", "none"):
        model, _ = BlendTrainer(features, simple.DEFAULTS | {"lexicon": lexicon, "C": 10.0}, Training()).fit()
        right[lexicon] = np.mean(model.predict_split(features, "test").argmax(axis=1) == features.labels("test"))
    assert right["vader"] == 1 > right["none"]


def test_the_lexicon_is_not_read_where_the_texts_are_not_english(tmp_path):
    words = {"neg": ["mauvais"] * 4 + ["laid"] * 3 + ["fatal"], "pos": ["bon"] * 4 + ["beau"] * 3 + ["parfait"]}
    features = write_unseen(tmp_path, words, "le film était {} et fatal pour moi")
    fitted = {
        lexicon: BlendTrainer(features, simple.DEFAULTS | {"lexicon": lexicon}, Training()).fit()[0]
        for lexicon in ("vader", "none")
    }
    assert not fitted["vader"].reads_lexicon
    assert np.array_equal(*(model.predict_split(features, "test") for model in fitted.values()))
