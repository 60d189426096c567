import pandas as pd
import pytest

from sentiment.corpora.reading import corpus_digest, read_corpus
from sentiment.errors import UserError
from sentiment.paths import PROJECT_ROOT

TABLE = pd.DataFrame({"text": ['Good, "really"\ngood', "NA", "schön 😀"], "label": ["pos", "neg", "pos"]})


def write(path, table):
    {
        ".csv": lambda: table.to_csv(path, index=False),
        ".tsv": lambda: table.to_csv(path, index=False, sep="\t"),
        ".jsonl": lambda: table.to_json(path, orient="records", lines=True),
        ".parquet": lambda: table.to_parquet(path),
    }[path.suffix]()
    return str(path)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet"])
def test_every_format_gives_the_same_rows(tmp_path, suffix):
    frame, source = read_corpus(write(tmp_path / f"reviews{suffix}", TABLE))
    assert frame[["text", "label"]].to_dict("list") == TABLE.to_dict("list")
    assert frame["id"].tolist() == ["0", "1", "2"]
    assert source == str(tmp_path / f"reviews{suffix}")


def test_columns_may_have_other_names_and_numbers_for_labels(tmp_path):
    path = write(tmp_path / "stars.parquet", pd.DataFrame({"review": ["a", "b", None], "stars": [1.0, 5.0, None]}))
    frame, _ = read_corpus(path, text_column="review", label_column="stars")
    assert frame["label"].tolist() == ["1", "5", ""] and frame["text"].tolist() == ["a", "b", ""]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path):
    (tmp_path / "excel.csv").write_bytes("\ufefftext,label\nfine,pos\n".encode())
    assert read_corpus(str(tmp_path / "excel.csv"))[0]["text"].tolist() == ["fine"]


@pytest.mark.parametrize(
    "name, content, expected",
    [
        ("empty.csv", b"", "is empty"),
        ("header.csv", b"text,label\n", "has no rows"),
        ("latin.csv", "text,label\nschön,pos\n".encode("latin-1"), "not UTF-8"),
        ("latin.jsonl", '{"text": "schön", "label": "pos"}\n'.encode("latin-1"), "not UTF-8"),
        ("wide.csv", b"review,label\na,b\n", "no column 'text': it has review, label; .*text_column"),
        ("wide.tsv", b"text\tclass\na\tb\n", "no column 'label': it has text, class; .*label_column"),
        ("broken.jsonl", b'{"text": "a", \n', "cannot be read as .jsonl"),
        ("broken.parquet", b"not parquet at all", "cannot be read as .parquet"),
        ("ragged.csv", b"text,label\na,b\na,b,c,d\n", "cannot be read as .csv"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path, name, content, expected):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=expected):
        read_corpus(str(tmp_path / name))


@pytest.mark.parametrize(
    "corpus, expected",
    [
        ("no_such_corpus", "unknown corpus 'no_such_corpus'"),
        ("missing.csv", "corpus=missing.csv: there is no such file"),
        ("MLproject", "expected a file that ends in .csv, .tsv, .jsonl, .parquet, or a folder"),
    ],
)
def test_an_unknown_corpus_is_named_with_the_ways_out(corpus, expected, monkeypatch):
    monkeypatch.chdir(PROJECT_ROOT)
    with pytest.raises(UserError, match=expected):
        read_corpus(corpus)


def test_a_folder_with_a_folder_of_texts_for_each_class(tmp_path):
    for name, text in (
        ("pos/1.txt", "fine"),
        ("pos/deeper/2.txt", "so fine"),
        ("neg/1.txt", "awful"),
        ("neg/.hidden", ""),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "README").write_text("no document")
    frame, _ = read_corpus(str(tmp_path))
    assert frame.to_dict("list") == {
        "id": ["neg/1.txt", "pos/1.txt", "pos/deeper/2.txt"],
        "text": ["awful", "fine", "so fine"],
        "label": ["neg", "pos", "pos"],
    }
    before = corpus_digest(str(tmp_path))
    (tmp_path / "pos/1.txt").write_text("fine")
    assert corpus_digest(str(tmp_path)) == before
    (tmp_path / "pos/1.txt").write_text("finer")
    assert corpus_digest(str(tmp_path)) != before
    (tmp_path / "pos/1.txt").write_bytes("schön".encode("latin-1"))
    with pytest.raises(UserError, match="1.txt is not UTF-8"):
        read_corpus(str(tmp_path))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="has no documents: expected a folder for each class"):
        read_corpus(str(tmp_path / "empty"))
