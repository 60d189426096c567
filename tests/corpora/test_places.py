"""What the name of a corpus stands for: folders, links, and names that are nearly right."""

import pandas as pd
import pytest

from sentiment.corpora import sources
from sentiment.corpora.corpus import Corpus
from sentiment.corpora.reading import CorpusInput
from sentiment.errors import UserError
from sentiment.paths import PROJECT_ROOT

TABLE = pd.DataFrame({"text": ["good", "bad", "fine"], "label": ["pos", "neg", "pos"]})


@pytest.mark.parametrize(
    "corpus, suggestion",
    [("movie_review", "did you mean movie_reviews?"), ("Sample", "did you mean sample?")],
)
def test_a_misspelt_name_is_answered_with_the_nearest(corpus, suggestion, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as raised:
        CorpusInput(Corpus(corpus)).read()
    assert str(raised.value).startswith(f"unknown corpus {corpus!r}, {suggestion} expected sample, ")


@pytest.mark.parametrize(
    "corpus, expected",
    [
        ("no_such_corpus", "unknown corpus 'no_such_corpus'"),
        ("imdb", "imdb is not an NLTK corpus: unpack aclImdb_v1.tar.gz"),
        ("missing.csv", "corpus=missing.csv: there is no such file"),
        ("MLproject", "expected a file that ends in .csv, .tsv, .jsonl, .parquet, or a folder"),
    ],
)
def test_an_unknown_corpus_is_named_with_the_ways_out(corpus, expected, monkeypatch):
    monkeypatch.chdir(PROJECT_ROOT)
    with pytest.raises(UserError, match=expected):
        CorpusInput(Corpus(corpus)).read()


def test_a_folder_with_a_folder_of_texts_for_each_class(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "BATCH_DOCUMENTS", 2)
    for name, text in (
        ("pos/1.txt", "fine"),
        ("pos/deeper/2.txt", "so fine"),
        ("neg/1.txt", "\ufeffawful"),
        ("neg/.hidden", ""),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "README").write_text("no document")
    frame = CorpusInput(Corpus(str(tmp_path))).read()
    assert frame.to_dict("list") == {
        "id": ["neg/1.txt", "pos/1.txt", "pos/deeper/2.txt"],
        "text": ["awful", "fine", "so fine"],
        "label": ["neg", "pos", "pos"],
    }
    unlabelled = CorpusInput(Corpus(str(tmp_path), label_required=False)).read()
    assert unlabelled[["id", "label"]].to_numpy().tolist()[:2] == [["README", ""], ["neg/1.txt", "neg"]]
    before = CorpusInput(Corpus(str(tmp_path))).digest
    (tmp_path / "pos/1.txt").write_text("fine")
    assert CorpusInput(Corpus(str(tmp_path))).digest == before
    (tmp_path / "pos/1.txt").write_text("finer")
    assert CorpusInput(Corpus(str(tmp_path))).digest != before
    (tmp_path / "pos/1.txt").write_bytes("schön".encode("latin-1"))
    with pytest.raises(UserError, match="1.txt is not UTF-8"):
        CorpusInput(Corpus(str(tmp_path))).read()
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="has no documents: expected a folder for each class with text files in it$"):
        CorpusInput(Corpus(str(tmp_path / "empty"))).read()
    (tmp_path / "empty" / "2024.part.csv.gz").touch()
    with pytest.raises(UserError, match=r"name them by a pattern, .*/empty/\*\.csv\.gz'$"):
        CorpusInput(Corpus(str(tmp_path / "empty"))).read()


@pytest.mark.parametrize(
    "folders, expected",
    [
        (
            ("test", "train"),
            r"its folders are splits \(test, train\), .* -P corpus={corpus}/train; splits=source takes",
        ),
        (("Dev",), r"its folders are splits \(Dev\), .* -P corpus={corpus}/Dev;"),
        (("neg", "pos", "unsup"), "unsup has texts without a label, .* delete {corpus}/unsup"),
    ],
)
def test_folders_that_are_no_classes_are_refused(tmp_path, folders, expected):
    for folder in folders:
        (tmp_path / folder / "pos").mkdir(parents=True)
        (tmp_path / folder / "pos" / "1.txt").write_text("fine")
    with pytest.raises(UserError, match=expected.format(corpus=tmp_path)):
        CorpusInput(Corpus(str(tmp_path))).read()


def test_folders_are_read_through_links_that_lead_elsewhere_which_is_told(tmp_path, capsys):
    for name, texts in (("classes/pos/1.txt", "fine"), ("far/2.txt", "so fine"), ("classes/neg/1.txt", "awful")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(texts)
    (tmp_path / "classes/pos/linked").symlink_to(tmp_path / "far")
    (tmp_path / "classes/pos/back").symlink_to(tmp_path / "classes")
    frame = CorpusInput(Corpus(str(tmp_path / "classes"))).read()
    assert frame["id"].tolist() == ["neg/1.txt", "pos/1.txt", "pos/linked/2.txt"]
    told = f"through links (count: 1, the first: {tmp_path}/classes/pos/linked/2.txt at {tmp_path}/far/2.txt)"
    assert told in capsys.readouterr().err

    (tmp_path / "tables").mkdir()
    TABLE.to_parquet(tmp_path / "tables/B.PARQUET")
    TABLE.to_parquet(tmp_path / "far/a.parquet")
    (tmp_path / "tables/2024").symlink_to(tmp_path / "far")
    (tmp_path / "tables/latest").symlink_to(tmp_path / "tables/2024")  # and is read once
    ids = CorpusInput(Corpus(str(tmp_path / "tables"))).read()["id"]
    assert ids.tolist() == [f"{part}:{row}" for part in ("2024/a.parquet", "B.PARQUET") for row in range(3)]
    assert f"2024/a.parquet at {tmp_path}/far/a.parquet)" in capsys.readouterr().err
    (tmp_path / "tables/2024").unlink()
    (tmp_path / "tables/latest").unlink()
    (tmp_path / "tables/again.parquet").symlink_to("B.PARQUET")
    CorpusInput(Corpus(str(tmp_path / "tables"))).read()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("base", ["", "lake/", "linked/"])
def test_a_file_is_read_once_by_its_own_name_whatever_links_lead_to_it(tmp_path, monkeypatch, base):
    (tmp_path / "lake/w2").mkdir(parents=True)
    TABLE.to_parquet(tmp_path / "lake/w2/a.parquet")
    TABLE.to_parquet(tmp_path / "far.parquet")
    (tmp_path / "lake/latest").symlink_to("w2")
    (tmp_path / "lake/w2/0.parquet").symlink_to("a.parquet")
    (tmp_path / "lake/far.parquet").symlink_to(tmp_path / "far.parquet")
    (tmp_path / "linked").symlink_to("lake")
    monkeypatch.chdir(tmp_path if base else tmp_path / "lake")
    expected = [f"{part}:{row}" for part in ("far.parquet", "w2/a.parquet") for row in range(3)]
    for address in (f"{base}**/*.parquet", base or "."):
        assert CorpusInput(Corpus(address)).read()["id"].tolist() == expected


@pytest.mark.parametrize("corpus, expected", [("", "corpus= is empty"), ("~/a.csv", r"type \$HOME/a.csv")])
def test_what_the_shell_has_left_empty_or_as_it_was(tmp_path, monkeypatch, corpus, expected):
    monkeypatch.chdir(tmp_path)
    TABLE.to_parquet("here.parquet")  # the present folder is not what an empty name means
    with pytest.raises(UserError, match=expected):
        CorpusInput(Corpus(corpus)).read()


def test_a_misspelled_path_gets_the_file_that_is_meant(tmp_path):
    path = tmp_path / "reviews.csv"
    TABLE.to_csv(path, index=False)
    with pytest.raises(UserError, match=f"there is no such file, did you mean {path}?"):
        CorpusInput(Corpus(str(tmp_path / "reveiws.csv"))).read()
    with pytest.raises(UserError, match=f"did you mean {path}?"):
        CorpusInput(Corpus(str(tmp_path / "reviews.cvs"))).read()
