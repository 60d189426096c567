import pandas as pd
import pytest

from sentiment.corpora.splits import clean, digest, split
from sentiment.errors import UserError


def corpus(**counts):
    rows = [
        (f"{label}{number}", f"text {number} of {label}", label)
        for label, count in counts.items()
        for number in range(count)
    ]
    return pd.DataFrame(rows, columns=["id", "text", "label"])


def test_duplicates_empty_texts_and_contradictions_go_and_are_counted():
    frame = pd.DataFrame(
        [
            ("1", "good", "pos"),
            ("2", "good ", "pos"),
            ("3", "  ", "pos"),
            ("4", "so so", "pos"),
            ("5", "so so", "neg"),
            ("6", "bad", "neg"),
            ("7", "unlabelled", ""),
        ],
        columns=["id", "text", "label"],
    )
    kept, dropped = clean(frame)
    assert kept["id"].tolist() == ["1", "6"]
    assert dropped == {
        "dropped_empty_texts": 1,
        "dropped_missing_labels": 1,
        "dropped_contradictions": 2,
        "dropped_duplicates": 1,
    }


@pytest.mark.parametrize(
    "texts, labels, expected",
    [(["", " "], ["a", "b"], "no document is left of 2"), (["x", "y"], ["a", "a"], "one class, 'a'")],
)
def test_nothing_to_learn_from_is_an_error(texts, labels, expected):
    with pytest.raises(UserError, match=expected):
        clean(pd.DataFrame({"id": texts, "text": texts, "label": labels}))


def test_splits_share_no_text_keep_the_shares_and_follow_the_seed():
    frame = corpus(a=150, b=50)
    parts = split(frame, 0.2, 0.1, seed=1, stratify=True)
    assert [len(parts[name]) for name in ("train", "validation", "test")] == [144, 16, 40]
    together = pd.concat(parts.values())
    assert sorted(together["id"]) == sorted(frame["id"])
    assert parts["test"]["label"].value_counts().to_dict() == {"a": 30, "b": 10}
    assert digest(parts) == digest(split(frame, 0.2, 0.1, seed=1, stratify=True))
    assert digest(parts) != digest(split(frame, 0.2, 0.1, seed=2, stratify=True))
    assert digest(parts) != digest(split(frame, 0.2, 0.1, seed=1, stratify=False))
    assert digest(parts) != digest(split(frame.assign(slice="web"), 0.2, 0.1, seed=1, stratify=True))


@pytest.mark.parametrize("stratify", [True, False])
def test_a_class_too_small_for_three_splits_is_named(stratify):
    with pytest.raises(UserError, match="'rare' has 2"):
        split(corpus(common=100, rare=2), 0.2, 0.1, seed=42, stratify=stratify)
