import pandas as pd
import pytest

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.reading import CorpusInput
from sentiment.corpora.source_splits import clean_splits, complete_splits
from sentiment.errors import UserError


def corpus(**splits):
    """Thirty texts of two classes in each split."""
    rows = [
        (f"{split}{number}", f"text {number} of {split}", "ab"[number % 2], name)
        for split, name in splits.items()
        for number in range(30)
    ]
    return pd.DataFrame(rows, columns=["id", "text", "label", "split"])


def keep(frame, test_size=0.2, validation_size=0.2, seed=42, group=lambda texts: texts):
    """The splits, the number of dropped rows by reason, and the notes."""
    kept, dropped, notes = clean_splits(frame, "corpus=x", seed)
    parts, taken = complete_splits(kept, group(kept["text"]), test_size, validation_size, seed)
    return parts, dropped, notes + taken


def test_the_splits_of_a_source_are_kept_under_our_names():
    parts, dropped, notes = keep(corpus(train="Training", validation="dev", test="test"))
    assert list(parts) == ["train", "validation", "test"]
    assert all(part["id"].str.startswith(name).all() and len(part) == 30 for name, part in parts.items())
    assert all(part.columns.tolist() == ["id", "text", "label"] for part in parts.values())
    assert not any(dropped.values()) and not notes


def test_a_text_in_two_splits_is_kept_in_the_later_one_and_counted():
    frame = corpus(train="train", validation="validation", test="test")
    frame.loc[0, "text"] = "Text 0 of TEST!"  # of train; as the splits by hash see it, the same text
    frame.loc[1, "text"] = "text 1 of test"
    frame.loc[2, "text"] = "text 2 of validation"
    frame.loc[33, "text"] = "text 3 of test"  # of validation
    frame.loc[4, ["text", "label"]] = ["text 4 of test", "b"]  # with another label: nobody knows which is right
    parts, dropped, notes = keep(frame)
    assert {name: len(part) for name, part in parts.items()} == {"train": 26, "validation": 29, "test": 29}
    assert dropped["dropped_in_earlier_splits"] == 1 and dropped["dropped_duplicates"] == 3
    assert dropped["dropped_contradictions"] == 2
    assert notes == ["4 texts occur in two splits of the source, and are kept in the later one"]


@pytest.mark.parametrize("missing, share", [("validation", 0.3), ("test", 0.4)])
def test_a_split_that_the_source_does_not_have_is_taken_from_its_training_split(missing, share):
    frame = corpus(train="train", validation="validation", test="test")
    frame.loc[frame["split"] == missing, "label"] = ""  # as the test split of GLUE has none
    parts, _, notes = keep(frame, test_size=0.4, validation_size=0.3)
    assert notes == [f"the source has no {missing} split with labels: {share:g} of its training split are taken for it"]
    assert parts[missing]["id"].str.startswith("train").all() and 0 < len(parts[missing]) < 25
    assert len(parts["train"]) + len(parts[missing]) == 30
    assert sum(len(part) for part in parts.values()) == 60
    assert parts[missing]["id"].tolist() != keep(frame, 0.4, 0.3, seed=1)[0][missing]["id"].tolist()


def test_both_splits_are_taken_from_the_training_split_where_the_test_split_has_no_labels():
    frame = corpus(train="train", test="test")
    frame.loc[frame["split"] == "test", "label"] = ""
    parts, _, notes = keep(frame, test_size=0.3, validation_size=0.3)
    assert [len(part) > 0 for part in parts.values()] == [True] * 3
    assert sum(len(part) for part in parts.values()) == 30
    assert notes[1].endswith("0.3 of the rest of its training split are taken for it")


def test_texts_that_belong_together_are_not_torn_where_a_split_is_taken_from_the_training_split():
    frame = corpus(train="train", test="test")
    pairs = frame["text"].str.replace(r"(\d+)", lambda found: str(int(found[0]) // 6), regex=True)
    group_of = dict(zip(frame["text"], pairs))
    parts, _, _ = keep(frame, validation_size=0.4, group=lambda texts: texts.map(group_of))
    groups = {name: set(part["text"].map(group_of)) for name, part in parts.items()}
    assert groups["validation"] and not groups["validation"] & groups["train"]


def test_rows_of_another_split_are_left_out_and_counted():
    parts, dropped, notes = keep(corpus(train="train", test="test", more="unsupervised"))
    assert sum(len(part) for part in parts.values()) == 60
    assert notes[0] == "30 rows are left out, since their split is not train, validation or test: 'unsupervised'"
    assert dropped["dropped_in_other_splits"] == 30


@pytest.mark.parametrize(
    "frame, expected",
    [
        (corpus(train="train").drop(columns="split"), "in a column split; it has none. Leave out splits=source"),
        (corpus(train="train"), "they are 'train'. Leave out"),
        (corpus(validation="validation", test="test"), "they are 'validation', 'test'"),
        (corpus(train="a", test="b"), "they are 'a', 'b'"),
        (corpus(train="train", test="test")[lambda table: (table["split"] == "train") | (table["label"] == "a")],
         "the test split has no text of the class 'b'"),
        (corpus(train="train", validation="dev", test="test").drop(index=range(3, 30, 2)),
         "the train split has a single text of the class 'b'"),
    ],
)  # fmt: skip
def test_a_source_without_splits_to_keep_says_so(frame, expected):
    with pytest.raises(UserError, match=expected):
        keep(frame)


def test_the_splits_of_a_file_are_in_a_column(tmp_path):
    corpus(train="train", test=" test ").to_csv(tmp_path / "reviews.csv", index=False)
    frame = CorpusInput(Corpus(str(tmp_path / "reviews.csv"), split_column="split")).read()
    assert frame["split"].value_counts().to_dict() == {"train": 30, "test": 30}
    assert "split" not in CorpusInput(Corpus(str(tmp_path / "reviews.csv"))).read()
