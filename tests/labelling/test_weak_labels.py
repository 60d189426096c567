"""Texts that people have not labelled, by the vote of labelers."""

import numpy as np
import pandas as pd
import pytest

from sentiment.corpora.splits import clean, split
from sentiment.errors import UserError
from sentiment.labelling import weak_labels
from sentiment.labelling.agreement import describe_agreement, draw_agreement, measure_agreement
from sentiment.labelling.classes import name_classes, polarity_of
from sentiment.labelling.weak_labels import Thresholds, add_weak_labels, take_vote

DEFAULTS = Thresholds(-0.05, 0.05, "auto")
TEXTS = ["I love it, great!", "I hate it, awful.", "It is a table."]


def corpus(texts, labels):
    return pd.DataFrame({"id": map(str, range(len(texts))), "text": texts, "label": labels})


def label(texts, labels, thresholds=DEFAULTS, labelers=("vader",)):
    return add_weak_labels(corpus(texts, labels), labelers, thresholds)[0]


def test_what_people_labelled_keeps_its_label_and_the_others_get_one_by_polarity():
    labelled = label([*TEXTS, "Bad."], ["", "", "", "positive"])
    assert labelled["label"].tolist() == ["positive", "negative", "", "positive"]  # the table has no polarity
    assert labelled["labelled_by"].tolist() == ["vader", "vader", "vader", "human"]
    assert labelled["vote"].tolist() == ["positive", "negative", "", "negative"]


@pytest.mark.parametrize(
    "between, people, expected",
    [
        ("auto", ["pos", "neg"], ["pos", "neg", ""]),
        ("auto", ["Positive", "Negative", "Neutral"], ["Positive", "Negative", "Neutral"]),
        ("auto", ["1", "-1", "0"], ["1", "-1", "0"]),
        ("auto", ["POS"], ["POS", "NEG", ""]),
        ("neutral", [], ["positive", "negative", "neutral"]),
        ("dropped", ["pos", "neg", "neu"], ["pos", "neg", ""]),
    ],
)
def test_classes_are_written_as_people_write_them(between, people, expected):
    others = [f"something {number}" for number in range(len(people))]
    labelled = label([*TEXTS, *others], ["", "", "", *people], Thresholds(-0.05, 0.05, between))
    assert labelled["label"].tolist() == [*expected, *people]


def test_thresholds_say_from_where_on_a_text_has_a_polarity():
    labels = label(["good", "great, fantastic, I love it!!!"], ["", ""], Thresholds(-0.5, 0.6, "auto"))["label"]
    assert labels.tolist() == ["", "positive"]  # good alone is 0.44
    polarities, names = np.array([-0.05, -0.049, 0.049, 0.05]), {-1: "neg", 0: "neu", 1: "pos"}
    assert DEFAULTS.classify(polarities, names, True).tolist() == ["neg", "neu", "neu", "pos"]
    with pytest.raises(UserError, match="negative_to=0.1 and positive_from=0.1: expected the first to be the smaller"):
        Thresholds(0.1, 0.1, "auto")


def test_a_copy_of_a_text_with_a_label_is_a_duplicate_and_contradicts_nothing():
    labelled = label(["Bad.", " Bad. ", *TEXTS], ["positive", "", "", "", ""])
    kept, dropped = clean(labelled)
    assert kept["label"].tolist() == ["positive", "positive", "negative"]
    assert dropped["dropped_duplicates"] == 1 and dropped["dropped_contradictions"] == 0
    assert dropped["dropped_missing_labels"] == 1  # the table
    # What people contradict themselves is still dropped, and the copy with it.
    kept, dropped = clean(label(["Bad.", "Bad.", "Bad. ", *TEXTS], ["positive", "negative", "", "", "", ""]))
    assert kept["label"].tolist() == ["positive", "negative"] and dropped["dropped_contradictions"] == 3


@pytest.mark.parametrize(
    "labels, message",
    [
        (["1", "0"], "these labels are not polarities: '0', '1'; expected names such as negative"),
        (["5 stars", "negative"], "these labels are not polarities: '5 stars', 'negative'"),
        (["Neg", "neg"], "'Neg' and 'neg' are the same polarity: -P normalize_labels=true"),
        (["neg", "positive"], "these labels are not polarities"),
    ],
)
def test_labels_that_do_not_say_their_polarity_are_refused(labels, message):
    with pytest.raises(UserError, match=message):
        name_classes(labels)


def test_there_is_no_neutral_where_people_have_no_class_for_it():
    with pytest.raises(UserError, match="no neutral class .neg, pos.; drop these texts with -P between=dropped"):
        label(["good", "bad"], ["pos", "neg"], Thresholds(-0.05, 0.05, "neutral"))
    assert polarity_of("m", "NEUTRAL") == 0
    with pytest.raises(UserError, match="label_by=m: its label 'LABEL_1' is not a polarity"):
        polarity_of("m", "LABEL_1")


def test_most_votes_win_and_who_abstains_has_none():
    votes = pd.DataFrame(
        [["+", "+", "-"], ["+", "-", ""], ["", "-", ""], ["", "", ""], ["+", "-", "0"], ["0", "0", ""]],
    )
    assert take_vote(votes).tolist() == ["+", "", "-", "", "", "0"]
    assert take_vote(votes[3:4]).tolist() == [""] and take_vote(votes[1:4:2].replace("-", "")).tolist() == ["+", ""]


def test_agreement_is_that_of_each_labeler_and_their_vote_outside_of_the_test_split(monkeypatch):
    monkeypatch.setattr(weak_labels, "find_labeler", Contrary)
    texts = [f"{word} {number}" for number in range(40) for word in ("good", "bad")]
    labels = ["pos", "neg"] * 20 + [""] * 40
    frame, votes = add_weak_labels(corpus(texts, labels), ["right", "wrong"], DEFAULTS)
    by_labelers = frame[40:]
    assert set(by_labelers["label"]) == {""} and set(by_labelers["labelled_by"]) == {"right + wrong"}
    parts = split(clean(frame)[0], 0.2, 0.2, 1, True)
    people = sum((parts[name]["labelled_by"] == "human").sum() for name in ("train", "validation"))
    right, wrong, vote = measure_agreement(parts, votes, {})
    assert [row["labeler"] for row in (right, wrong, vote)] == ["right", "wrong", "right + wrong"]
    assert right["documents"] == people < 40 and (right["accuracy"], right["coverage"]) == (1.0, 1.0)
    assert wrong["accuracy"] == 0.0 and (vote["accuracy"], vote["coverage"]) == (None, 0.0)
    assert wrong["confusion"]["neg"]["neg"] == 0 < wrong["confusion"]["neg"]["pos"]
    assert "| right | 1.000 | 1.000 |" in describe_agreement([right, wrong, vote])
    assert len(draw_agreement([right, wrong, vote]).axes) == 3


def test_where_a_labeler_abstains_it_is_not_wrong():
    texts = [f"text {number}" for number in range(10)]
    part = pd.DataFrame({"text": [f" {text}" for text in texts], "label": "pos", "labelled_by": "human"})
    part.loc[10] = ["another", "neg", "vader"]
    votes = pd.DataFrame({"vader": ["pos"] * 6 + ["neg"] * 2 + [""] * 2 + ["neg"]}, index=[*texts, "another"])
    (found,) = measure_agreement({"train": part, "test": part}, votes, {})
    assert (found["accuracy"], found["coverage"], found["documents"]) == (6 / 8, 0.8, 10)
    assert found["confusion"] == {"pos": {"neg": 2, "none": 2, "pos": 6}}


def test_what_a_labeler_was_made_from_does_not_count_in_its_agreement_nor_in_that_of_the_vote():
    texts = [f"Text {number}!" for number in range(10)]
    part = pd.DataFrame({"text": texts, "label": ["pos"] * 5 + ["neg"] * 5, "labelled_by": "human"})
    votes = pd.DataFrame({"vader": "pos", "models:/m/1": ["pos"] * 7 + ["neg"] * 3}, index=texts)
    votes["vader + models:/m/1"] = votes["models:/m/1"]
    known = {"models:/m/1": {f"text {number}" for number in range(4)}}
    vader, model, vote = measure_agreement({"train": part, "test": part}, votes, known)
    assert (vader["documents"], vader["left_out"], vader["accuracy"]) == (10, 0, 0.5)
    for row in (model, vote):
        assert (row["documents"], row["left_out"], row["accuracy"]) == (6, 4, 4 / 6)
    assert "| models:/m/1 | 0.667 | 1.000 | 6 | 4 |" in describe_agreement([vader, model, vote])
    known = {"models:/m/1": {f"text {number}" for number in range(10)}}
    assert [row["labeler"] for row in measure_agreement({"train": part, "test": part}, votes, known)] == ["vader"]


class Contrary:
    """Two labelers: one of them is always right, the other one never."""

    def __init__(self, name):
        self.name = name

    def rate(self, name, texts):
        sign = 1 if name == "right" else -1
        return pd.Series([sign if text.startswith("good") else -sign for text in texts]).to_numpy(float)


@pytest.fixture(autouse=True)
def names_as_they_are(monkeypatch):
    monkeypatch.setattr(weak_labels, "resolve_labeler", str)
