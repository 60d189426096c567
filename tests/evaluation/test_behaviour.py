import io
import re

import numpy as np
import pandas as pd
import pytest

from sentiment.errors import UserError
from sentiment.evaluation.behaviour import DIRECTION, FUNCTIONALITY, INVARIANCE, Case, outcomes
from sentiment.evaluation.behaviour.cases import build_cases
from sentiment.evaluation.behaviour.perturbations import CHANGES, direction_cases, invariance_cases
from sentiment.evaluation.behaviour.templates import LEXICON, functionality_cases
from sentiment.evaluation.behaviour.user_cases import read_cases
from sentiment.model.text.language import looks_english

REVIEW = "John saw it in Paris and it isn't good. Mary, from London, did not like the ending, it is dull."


def test_there_are_enough_cases_of_each_capability_with_both_labels_and_none_twice():
    cases = functionality_cases()
    counts = pd.Series([case.capability for case in cases]).value_counts()
    assert len(counts) >= 12 and counts.min() >= 40
    assert len({case.text for case in cases}) == len(cases)
    assert functionality_cases() == cases
    assert not [case.text for case in cases if "{" in case.text]
    for capability in set(counts.index) - {
        "simple positive",
        "simple negative",
        "negated positive",
        "negated negative",
    }:
        labels = [case.expected for case in cases if case.capability == capability]
        assert 0.25 < np.mean([label == "positive" for label in labels]) < 0.75, capability


def test_cases_differ_in_more_than_one_word():
    for capability, one_of in (("intensified", "very"), ("contrast with although", "good"), ("comparison", "love")):
        texts = " ".join(case.text for case in functionality_cases() if case.capability == capability)
        assert sum(word in texts for word in LEXICON[one_of]) > len(LEXICON[one_of]) / 2


def test_a_contrast_ends_with_what_counts():
    cases = [case for case in functionality_cases() if case.capability == "contrast with but"]
    assert cases
    for case in cases:
        praises = re.search(r"\b(loved|enjoyed|adored|admired|liked) it", case.text.split(" but ")[1])
        assert case.expected == ("positive" if praises else "negative"), case.text


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_changes_what_it_should_and_nothing_else(name):
    random = np.random.default_rng(0)
    changed = CHANGES[name](REVIEW, random)
    assert changed != REVIEW
    if name == "typos":
        assert sorted(changed) == sorted(REVIEW) and sum(a != b for a, b in zip(changed, REVIEW)) == 2
    if name == "contractions":
        assert "is not good" in changed and "didn't like" in changed and "it's dull" in changed
    if name in ("names", "places"):
        words = changed.split()
        assert len(words) == len(REVIEW.split()) and sum(a != b for a, b in zip(words, REVIEW.split())) == 2
    if name.endswith("added"):
        assert REVIEW in changed and re.search(r"https://|@", changed)
    if name == "capitals":
        assert changed.lower() == REVIEW.lower()


def test_texts_without_anything_to_change_make_no_case():
    cases = invariance_cases(["1 2 3", ""], seed=0)
    assert {case.capability for case in cases} == {"URL added", "mention added"}


@pytest.mark.parametrize(
    "text",
    [
        "Der Film war leider langweilig, und das Ende war noch schlechter.",
        "Un film magnifique, les acteurs sont excellents et la fin est superbe.",
        "De film was erg goed en ik heb er van genoten, maar het einde is te lang.",
        "这部电影非常好看",
        "Отличный фильм, посмотрел с удовольствием",
    ],
)
def test_english_tests_are_for_english_corpora_alone(text):
    texts = [f"{text} {number}" for number in range(60)]
    cases = build_cases(texts, ["neg", "pos"], seed=0)
    assert not looks_english(texts) and cases and {case.kind for case in cases} == {INVARIANCE}
    assert looks_english([REVIEW])
    assert {case.kind for case in build_cases([REVIEW], ["neg", "pos"], 0)} == {FUNCTIONALITY, INVARIANCE, DIRECTION}


def test_the_same_seed_gives_the_same_cases_and_no_more_than_a_reader_can_wait_for():
    texts = [f"{REVIEW} {number}" for number in range(300)]
    assert invariance_cases(texts, 1) == invariance_cases(texts, 1) != invariance_cases(texts, 2)
    assert len(invariance_cases(texts, 1)) == 50 * len(CHANGES) and len(direction_cases(texts, 1)) == 100


CASES = [
    Case("good", FUNCTIONALITY, "a", expected="positive"),
    Case("good", FUNCTIONALITY, "b", expected="negative"),
    Case("names", INVARIANCE, "c", "d"),
    Case("praise", DIRECTION, "e", "f", "not lower"),
    Case("blame", DIRECTION, "g", "h", "not higher"),
]


def test_what_fails():
    positive = np.array([0.9, 0.8, 0.6, 0.4, 0.7, 0.6, 0.5, 0.4])
    failed = outcomes.find_failures(CASES, np.column_stack([1 - positive, positive]), ["neg", "pos"])
    assert failed.tolist() == [False, True, True, True, False]
    slightly = np.array([[0.3, 0.7], [0.305, 0.695], [0.5, 0.5], [0.495, 0.505]])  # which nobody would notice
    assert not outcomes.find_failures(CASES[3:], slightly, ["neg", "pos"]).any()
    first, names, *others = outcomes.summarize_by_capability(CASES, failed)
    assert outcomes.mean_failure_rate([first, names, *others]) == 0.625  # of 0.5, 1, 1 and 0
    assert (first["cases"], first["failures"], first["failure_rate"], first["examples"]) == (2, 1, 0.5, ["b"])
    assert names["examples"] == ["d"]
    table = pd.read_csv(io.StringIO(outcomes.failures_to_csv(CASES, {"lstm": failed})))
    assert table["text"].tolist() == ["b", "c", "e"] and set(table["family"]) == {"lstm"}


def test_a_third_class_is_wrong_and_classes_without_poles_leave_invariance_alone():
    neutral = np.tile([0.2, 0.5, 0.3], (8, 1))
    failed = outcomes.find_failures(CASES, neutral, ["negative", "neutral", "positive"])
    assert failed.tolist() == [True, True, False, False, False]
    assert outcomes.select_applicable(CASES, ["sport", "politics"]) == [CASES[2]]
    assert outcomes.find_polarity(["neg", "pos"]) == {"negative": 0, "positive": 1}
    # Of two positive classes nothing says which one a positive text should get.
    assert not outcomes.find_polarity(["negative", "positive", "very positive"])


def test_cases_of_ones_own(tmp_path):
    file = tmp_path / "cases.yaml"
    file.write_text(
        "- {capability: sequels, text: Better than the first., label: positive}\n"
        "- {capability: titles, text: I saw Alien., changed: I saw Aliens., expect: same}\n"
        "- {capability: praise, text: A film., changed: Superb., expect: not lower}\n"
    )
    kinds = [(case.kind, case.expected) for case in read_cases(str(file), ["neg", "pos"])]
    assert kinds == [(FUNCTIONALITY, "positive"), (INVARIANCE, None), (DIRECTION, "not lower")]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("", "expected a list of cases"),
        ("{a: 1}", "expected a list of cases"),
        ("- {capability: a, text: b}", "case 1: expected texts such as"),
        ("- {capability: a, text: 3, label: pos}", "case 1: expected texts such as"),
        (
            "- {capability: a, text: b, label: great}",
            "label 'great' is not a class: expected one of neg, pos",
        ),
        (
            "- {capability: a, text: b, changed: c, expect: more}",
            "expect 'more': expected same, not lower or not higher",
        ),
        ("- [", "cannot be read as YAML"),
    ],
)
def test_a_file_that_makes_no_cases_is_refused(tmp_path, text, expected):
    (tmp_path / "cases.yaml").write_text(text)
    with pytest.raises(UserError) as raised:
        read_cases(str(tmp_path / "cases.yaml"), ["neg", "pos"])
    assert expected in str(raised.value)
