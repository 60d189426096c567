from functools import partial

import numpy as np
import pytest
from scipy import sparse
from sklearn.utils.estimator_checks import check_estimator

from sentiment.model.linear.blended_svm import BlendedSVM
from sentiment.model.linear.nb_svm import NBSVM

# liblinear's random order of documents: LinearSVC itself is excused from these two in scikit-learn's own tests.
OF_THE_SOLVER = dict.fromkeys(
    ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data"),
    "the solver visits weighted documents in another order than repeated ones",
)


def test_it_is_a_scikit_learn_estimator():
    check_estimator(NBSVM(), expected_failed_checks=OF_THE_SOLVER)


def test_without_the_svm_s_share_a_word_weighs_as_its_log_count_ratio():
    """Worked by hand: of 3 texts on each side, word 0 stands in 3 and 1, word 1 in 1 and 2, word 2 in 2 and 2."""
    counts = np.array([[5, 0, 1], [1, 0, 1], [2, 3, 0], [1, 1, 0], [0, 1, 1], [0, 0, 4]])
    model = NBSVM(interpolation=0.0).fit(sparse.csr_array(counts), ["pos"] * 3 + ["neg"] * 3)
    inside, outside = np.array([4, 2, 3]) / 9, np.array([2, 3, 3]) / 8
    expected = np.log(inside / outside)
    np.testing.assert_allclose(model.coef_[0] / model.coef_[0][0], expected / expected[0])
    assert list(model.classes_) == ["neg", "pos"]


@pytest.mark.parametrize("make", [NBSVM, partial(BlendedSVM, weighting="ratio")])
def test_a_text_of_weight_five_counts_as_five(make):
    counts = np.array([[3, 0, 1, 1], [1, 0, 1, 0], [0, 2, 1, 0], [0, 1, 0, 1], [1, 0, 0, 2], [0, 1, 0, 2]])
    labels, weights = np.array([1, 1, 0, 0, 0, 1]), np.array([1, 1, 1, 1, 5, 5])
    again = np.repeat(np.arange(6), weights)
    weighted, repeated, plain = (
        make(random_state=0).fit(counts[rows], labels[rows], given).decision_function(counts)
        for rows, given in ((slice(None), weights), (again, None), (slice(None), None))
    )
    np.testing.assert_allclose(weighted, repeated, atol=0.01)  # but for the order in which the solver visits them
    assert np.abs(weighted - plain).max() > 0.1


def test_as_a_linear_svc_it_says_the_same():
    random = np.random.default_rng(0)
    counts, labels = random.poisson(0.5, (90, 12)), np.arange(90) % 3
    counts[:, :3] = 0
    counts[np.arange(90), labels] = 2
    model = NBSVM(random_state=0).fit(counts, labels)
    np.testing.assert_allclose(model.as_linear_svc().decision_function(counts > 0), model.decision_function(counts))
    assert np.mean(model.predict(counts) == labels) > 0.9
