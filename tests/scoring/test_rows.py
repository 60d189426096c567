import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sentiment.corpora import tables
from sentiment.corpora.corpus import Corpus
from sentiment.scoring.rows import Totals, open_input, texts_to_score


def read(path):
    """Texts and reasons of a whole file, and its batches."""
    table = open_input(Corpus(str(path), parameter="input", label_required=False))
    batches = list(table)
    texts, reasons = zip(*(texts_to_score(table, batch) for batch in batches))
    return sum(texts, []), sum(reasons, []), batches


def test_broken_rows_of_a_csv_keep_their_place(tmp_path):
    (tmp_path / "a.csv").write_bytes(b'id,text\n1,fine\n2\n3,\n4,a,b\n5,caf\xe9\n6,"lost\n')
    texts, reasons, (batch,) = read(tmp_path / "a.csv")
    assert texts == ["fine", None, None, None, None, None]
    assert reasons == [
        None,
        "the row has 1 field, the header has 2",
        "the text is missing",
        "the row has 3 fields, the header has 2; the surplus is b",
        "the row is not UTF-8",
        "the row has a quote that is never closed",
    ]
    assert batch.columns.column("id").to_pylist() == list("123456")
    assert batch.columns.column("text").to_pylist() == ["fine", None, "", "a", "caf\ufffd", "lost\n"]


def test_columns_without_a_name_are_numbered_where_there_are_several(tmp_path):
    (tmp_path / "excel.csv").write_text("text,label,,\nfine,pos,,\n")
    texts, reasons, (batch,) = read(tmp_path / "excel.csv")
    assert (texts, reasons) == (["fine"], [None])
    assert batch.columns.schema.names == ["text", "label", "column_3", "column_4"]


def test_a_broken_line_of_json_fits_a_text_column_of_numbers(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": 1}\nbroken\n')
    texts, reasons, (batch,) = read(tmp_path / "a.jsonl")
    assert texts == [None, None] and reasons[0] == "the text is not a string: 1" and "line 2 is not JSON" in reasons[1]
    assert batch.columns.column("text").to_pylist() == ["1", "broken"]


def test_integers_that_no_float_holds_keep_their_digits(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "a", "n": 1.5}\n{"text": "b", "n": 9007199254740993}\n')
    assert read(tmp_path / "a.jsonl")[2][0].columns.column("n").to_pylist() == ["1.5", "9007199254740993"]


@pytest.mark.parametrize("kind", [pa.binary(), pa.string()])
def test_bytes_in_parquet_are_texts_or_a_reason(tmp_path, kind):
    texts = pa.array([b"fine", b"caf\xe9", None], pa.binary()).view(kind)
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet")
    texts, reasons, (batch,) = read(tmp_path / "a.parquet")
    assert texts == ["fine", None, None] and reasons == [None, "the row is not UTF-8", "the text is missing"]
    assert batch.columns.column("text").to_pylist() == ["fine", "caf\ufffd", None]


@pytest.mark.parametrize("suffix", tables.SUFFIXES)
def test_batches_together_are_the_file(tmp_path, suffix, monkeypatch):
    rows = [{"text": f"text {number}"} for number in range(tables.BATCH_ROWS + 7)]
    path = tmp_path / f"a{suffix}"
    if suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif suffix == ".jsonl":
        path.write_text("".join(f'{{"text": "{row["text"]}"}}\n' for row in rows))
    else:
        path.write_text("text\n" + "".join(f"{row['text']}\n" for row in rows))
    texts, _, batches = read(path)
    assert texts == [row["text"] for row in rows]
    assert [batch.columns.num_rows for batch in batches] == [tables.BATCH_ROWS, 7]
    whole = open_input(Corpus(str(path), parameter="input", label_required=False))
    assert batches[0].done <= batches[1].done == whole.total


@pytest.mark.parametrize("classes, correct", [(["negative", "positive"], 3), (["Positive", "positive"], 1), ([], 1)])
def test_labels_in_other_letters_count_as_the_class_that_they_mean(classes, correct):
    totals = Totals("a model", classes)
    totals.add(["positive"] * 5, [None] * 5, ["positive", " Positive", "POSITIVE ", "negative", None])
    assert (totals.labelled, totals.correct) == (4, correct)


def test_the_first_reason_names_its_row_also_in_a_later_batch_and_only_scored_rows_count():
    totals = Totals("a model", ["neg", "pos"])
    totals.add(["pos", "neg"], [None, None], ["pos", "pos"])
    totals.add([None, "pos", None], ["the text is blank", None, "the text is missing"], ["pos", "", ""])
    assert totals.reason == "the text is blank (row 3)"
    assert (totals.labelled, totals.correct, totals.rows, totals.by_label[None]) == (2, 1, 5, 2)
