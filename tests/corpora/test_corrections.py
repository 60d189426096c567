import pandas as pd
import pytest

from sentiment.corpora.corrections import correct_labels
from sentiment.corpora.splits import clean
from sentiment.errors import UserError
from sentiment.quality.corrected_labels import describe_corrections


@pytest.fixture
def frame():
    texts = ["good\n film", "bad", "so so", "so so", "new"]
    return pd.DataFrame({"id": list("12345"), "text": texts, "label": ["neg", "neg", "pos", "neg", ""]})


def write(folder, content):
    path = folder / "fixed.csv"
    path.write_text(content)
    return str(path)


def test_labels_are_replaced_texts_dropped_and_rows_that_match_nothing_counted(frame, tmp_path):
    path = write(tmp_path, "id,text,label\n9, good  film,pos\n8,bad,\n7,so so,NEG\n6,new,pos\n5,unknown,neg\n")
    correction = correct_labels(frame, path)
    assert correction.frame["label"].tolist() == ["pos", "neg", "neg", "pos"]
    assert correction.corrected == {"good\n film", "so so", "new"}
    assert (correction.dropped, correction.unmatched) == (1, 1)


def test_a_list_that_is_given_back_as_it_is_changes_nothing(frame, tmp_path):
    correction = correct_labels(frame, write(tmp_path, "text,label,suggested\nbad,neg,pos\n"))
    assert correction.frame.equals(frame) and not correction.corrected


def test_a_labelers_label_that_was_changed_is_corrected_and_none_of_people(frame, tmp_path):
    frame["labelled_by"] = ["vader", "human", "human", "vader", "vader"]
    correction = correct_labels(frame, write(tmp_path, "text,label\ngood film,pos\nbad,neg\nso so,neg\nnew,pos\n"))
    assert correction.frame["labelled_by"].tolist() == ["corrected", "human", "human", "vader", "corrected"]


def test_only_rows_that_somebody_changed_since_they_were_listed_are_applied(frame, tmp_path):
    frame["label"] = ["pos", "neg", "pos", "neg", "pos"]  # people have labelled some of them since
    content = "text,label,listed_label\ngood film,neg,neg\nbad,pos,neg\nso so,NEG,neg\nnew,,neg\ngone,odd,odd\n"
    correction = correct_labels(frame, write(tmp_path, content))
    assert correction.frame["label"].tolist() == ["pos", "pos", "pos", "neg"]
    assert correction.corrected == {"bad"} and (correction.dropped, correction.unmatched) == (1, 0)
    unchanged = correct_labels(frame, write(tmp_path, "text,label,listed_label\nbad,pos,pos\n"))
    assert unchanged.frame.equals(frame) and not unchanged.corrected


def test_lists_of_several_rounds_are_given_together(frame, tmp_path):
    """The first round left "good film" as it was; the second, in which "bad" was listed as corrected, did not."""
    for name, rows in {
        "round1": "good film,neg,neg\nbad,pos,neg\n",
        "round2": "good film,pos,neg\nbad,pos,pos\n",
    }.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "label_suspects.csv").write_text(f"text,label,listed_label\n{rows}")
    correction = correct_labels(frame, str(tmp_path / "round*/label_suspects.csv"))
    assert correction.frame["label"].tolist()[:2] == ["pos", "pos"] and correction.corrected == {"good\n film", "bad"}


def test_an_empty_row_of_the_file_is_for_no_text(frame, tmp_path):
    frame.loc[1, "text"] = "  "
    correction = correct_labels(frame, write(tmp_path, 'text,label\n"",""\ngood film,pos\n'))
    assert (correction.dropped, correction.unmatched, len(correction.frame)) == (0, 0, 5)


@pytest.mark.parametrize("order", [1, -1])
def test_a_corrected_text_is_counted_once_whichever_of_its_copies_is_kept(tmp_path, order):
    rows = [("film", "neg"), (" film", "pos"), ("dull", "neg"), ("fine", "pos")][::order]
    given = pd.DataFrame(rows, columns=["text", "label"])
    correction = correct_labels(given, write(tmp_path, "text,label\nfilm,pos\ndull,neg\n"))
    says = describe_corrections(correction, {"train": clean(correction.frame)[0], "test": given[:0]}).says
    assert says.startswith("Labels corrected with corrections=: 1 (1 train, 0 test); ")
    dropping = correct_labels(given, write(tmp_path, "text,label\nfilm,\n"))  # both copies
    assert describe_corrections(dropping, {"test": given[:0]}).says.endswith("; rows dropped with it: 2.")


@pytest.mark.parametrize(
    "content, expected",
    [
        ("text,label\nbad,possitive\nbad,pos\n", "'possitive' is not a class of the corpus"),
        ("text,label\nbad,poss\n", "did you mean pos"),
        ("text,label\nbad,pos\nbad,neg\n", "the text 'bad' has the labels 'pos' and 'neg'"),
        ("text,label\nunknown,pos\n", "none of its 1 texts is in the corpus"),
        ("id,label\n1,pos\n", "no column 'text': it has id, label; rename the right one to text$"),
        ("text,stars\nbad,pos\n", "no column 'label': it has text, stars; rename the right one to label$"),
        ("", "is empty"),
    ],
)
def test_a_wrong_file_is_one_line(frame, tmp_path, content, expected):
    with pytest.raises(UserError, match=expected) as error:
        correct_labels(frame, write(tmp_path, content))
    assert "corrections=" in str(error.value) and "\n" not in str(error.value)


def test_no_file_is_one_line(frame):
    with pytest.raises(UserError, match="corrections=nowhere.csv"):
        correct_labels(frame, "nowhere.csv")
