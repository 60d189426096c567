import numpy as np
import pandas as pd
import pytest

from sentiment.quality.label_errors import (
    confident_thresholds,
    describe_label_errors,
    find_label_errors,
    find_off_diagonal,
    weigh,
)


def test_the_confident_joint_of_a_small_example():
    # Thresholds 0.7 and 0.6: the third text is confidently of class 1, the fourth of none, though class 1 is likelier.
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.3, 0.7], [0.45, 0.55], [0.4, 0.6], [0.4, 0.6]])
    labels = np.array([0, 0, 0, 0, 1, 1])
    thresholds = confident_thresholds(probabilities, labels)
    assert thresholds == pytest.approx([0.6375, 0.6])
    assert find_off_diagonal(probabilities, labels, thresholds).tolist() == [False, False, True, False, False, False]


def test_a_class_below_its_threshold_is_not_suggested_because_a_rare_one_reaches_its_own():
    probabilities = np.array([[0.1, 0.5, 0.4], [0.1, 0.7, 0.2], [0.1, 0.4, 0.5]])
    thresholds = np.array([0.8, 0.6, 0.3])
    assert find_off_diagonal(probabilities, np.array([0, 0, 0]), thresholds).tolist() == [False, True, True]


@pytest.fixture(scope="module")
def flipped():
    """Documents of words that tell their class but for some, the labels, some of them flipped, and which."""
    random = np.random.default_rng(0)
    true = random.choice(["bad", "good"], 600)
    documents = [
        [*random.choice(["film", "story", "actor"], 3), label, str(number)] for number, label in enumerate(true)
    ]
    wrong = random.choice(600, 30, replace=False)
    labels = true.copy()
    labels[wrong] = np.where(true[wrong] == "bad", "good", "bad")
    return documents, labels, set(wrong.tolist())


def test_flipped_labels_are_listed_with_the_label_that_they_had(flipped):
    documents, labels, wrong = flipped
    is_test = np.arange(600) % 5 == 0
    found = find_label_errors(documents, labels, is_test, lexicon=False, seed=0)
    assert set(found["row"]) <= wrong and len(found) >= 25 and is_test[found["row"]].any()
    assert (found["suggested"] != labels[found["row"]]).all()
    assert found["probability"].between(0.5, 1).all() and found["probability"].is_monotonic_decreasing


def test_no_test_label_counts_in_what_is_said_of_other_texts(flipped):
    documents, labels, _ = flipped
    is_test = np.arange(600) % 5 == 0
    other = np.where(is_test, labels[::-1], labels)
    lists = [find_label_errors(documents, these, is_test, lexicon=False, seed=0) for these in (labels, other)]
    first, second = (found[~is_test[found["row"]]].reset_index(drop=True) for found in lists)
    assert first.equals(second)


def test_no_test_text_is_fitted_on(flipped):
    documents, _, _ = flipped
    known = documents[:400]
    alone = weigh(known, np.zeros(400, bool), False)
    beside = weigh([*known, *[["new", "film"]] * 200], np.arange(600) >= 400, False)
    assert beside.shape[1] == alone.shape[1] and np.allclose(beside[:400].toarray(), alone.toarray())


def test_what_corrections_can_be_worth_is_in_points_of_the_test_texts():
    suspects = pd.DataFrame({"text": "t", "label": "a", "suggested": "b", "probability": 0.9}, index=range(3))
    found = describe_label_errors(suspects.assign(split=["test", "test", "train"]), looked_at=100, tests=20)
    assert "3 of 100 labels" in found.says and "2 of them are in" in found.says and "up to 10.0 points" in found.says


def test_a_wrong_label_is_not_believed_because_a_copy_has_it(flipped):
    documents, labels, wrong = flipped
    twice, is_test = [*documents, *documents], np.zeros(1_200, bool)
    groups = np.tile(np.arange(600), 2)
    found = find_label_errors(twice, np.tile(labels, 2), is_test, False, 0, groups)
    assert set(found["row"] % 600) <= wrong and len(found) >= 50
    assert len(find_label_errors(twice, np.tile(labels, 2), is_test, False, 0)) < 50


def test_a_class_with_one_text_gives_an_empty_list():
    found = find_label_errors([["a"], ["b"], ["c"]], np.array(["x", "x", "y"]), np.zeros(3, bool), False, 0)
    assert found.empty and list(found) == ["row", "suggested", "probability"]


def test_texts_without_a_common_word_give_an_empty_list():
    documents = [[f"word{number}"] for number in range(40)]
    found = find_label_errors(documents, np.array(["x", "y"] * 20), np.arange(40) >= 30, lexicon=False, seed=0)
    assert found.empty


def test_where_all_labels_are_the_same_none_is_doubted():
    found = find_label_errors([["good"], ["bad"]] * 10, np.array(["neg"] * 20), np.arange(20) % 5 == 0, False, 0)
    assert found.empty
