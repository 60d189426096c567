"""Which texts and labels of a batch are looked at, and what a batch that cannot be used says."""

from types import SimpleNamespace

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sentiment.corpora.corpus import Corpus
from sentiment.errors import UserError
from sentiment.monitoring.observation import observe_batch, read_batch
from sentiment.monitoring.retraining import read_dataset, replace_labels, select_human_labels
from sentiment.scoring.rows import open_input
from sentiment.workflow.command_line import parse

CLASSES = ["neg", "pos"]


def read(path, classes=CLASSES):
    return read_batch(Corpus(str(path), parameter="batch", label_required=False), classes)


def test_labels_are_written_as_the_classes_are_unless_two_classes_are_meant(tmp_path):
    (tmp_path / "some.csv").write_text("text,label\nfine,POS\nbad, Neg\nso so,\n")
    assert read(tmp_path / "some.csv")["label"].tolist() == ["pos", "neg", None]
    with pytest.raises(UserError, match="label 'Neg' is not a class of the champion"):
        read(tmp_path / "some.csv", ["POS", "neg", "NEG"])


def test_labels_may_be_missing_and_rows_without_a_text_are_left_out_and_counted(tmp_path, capsys):
    (tmp_path / "some.csv").write_text("text,label\nfine,pos\n,neg\nso so,\n")
    frame = read(tmp_path / "some.csv")
    assert frame["text"].tolist() == ["fine", "so so"] and frame["label"].tolist() == ["pos", None]
    assert f"monitor: 1 of 3 rows of {tmp_path / 'some.csv'} left out: no text\n" in capsys.readouterr().out
    (tmp_path / "none.jsonl").write_text('{"text": "fine"}\n')
    assert read(tmp_path / "none.jsonl")["label"].tolist() == [None] and not capsys.readouterr().out


def test_texts_that_the_champion_was_trained_on_are_not_measured_and_their_labels_are_trained_on(tmp_path):
    dataset = tmp_path / "dataset"
    dataset.mkdir()
    for split in ("train", "validation", "test"):
        texts = [f"weak {split}", f"other {split}"]
        part = pd.DataFrame({"text": texts, "label": "pos", "labelled_by": ["vader", "human"]})
        part.to_parquet(dataset / f"{split}.parquet")
    (tmp_path / "some.csv").write_text("text,label\nWeak train!,neg\nweak test,neg\nnew,neg\n")
    champion = SimpleNamespace(
        dataset=dataset,
        features=SimpleNamespace(classes=CLASSES),
        describe=lambda texts: pd.DataFrame({"predicted": ["neg"] * len(texts)}),
    )
    seen = observe_batch(champion, Corpus(str(tmp_path / "some.csv"), parameter="batch", label_required=False))
    assert seen.texts["text"].tolist() == ["weak test", "new"]
    kept, labelled, new = replace_labels(select_human_labels(read_dataset(dataset)), seen.batch)
    assert labelled[["text", "label", "split"]].to_numpy().tolist() == [
        ["Weak train!", "neg", "train"],
        ["weak test", "neg", "test"],
        ["new", "neg", "train"],
    ]
    assert "weak train" not in set(kept["text"]) and new == 1


def test_bytes_in_parquet_are_decoded(tmp_path):
    pq.write_table(pa.table({"text": pa.array([b"great"]), "label": pa.array([b"pos"])}), tmp_path / "bytes.parquet")
    assert read(tmp_path / "bytes.parquet").values.tolist() == [["great", "pos"]]


@pytest.mark.parametrize(
    "content, expected",
    [
        (b"", "is empty"),
        (b"text,label\n", "has no rows"),
        (b"body,label\nfine,pos\n", "has no column 'text'"),
        (b"text,label\nGreat film, loved it,pos\n", "line 2 has 3 fields, the header has 2"),
        (b"text,label\nfine,pos\nawful\n", "line 3 has 1 field, the header has 2"),
        (b"text,label\nsch\xf6n,pos\n", r"is not UTF-8 \(line 2\): convert it to UTF-8"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path, monkeypatch, content, expected):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "batch.csv").write_bytes(content)
    with pytest.raises(UserError, match=f"^batch=batch.csv .*{expected}"):
        read("batch.csv")


def test_a_column_of_labels_that_was_named_has_to_be_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "batch.csv").write_text("text,label\nfine,pos\n")
    source = parse("monitor", ["--batch=batch.csv", "--label_column=lable"]).source
    with pytest.raises(UserError, match="batch.csv has no column 'lable': it has text, label"):
        read_batch(source, ["neg", "pos"])
    with pytest.raises(UserError, match="batch.csv has no column 'lable'"):
        open_input(parse("predict", ["--input=batch.csv", "--label_column=lable"]).source)
