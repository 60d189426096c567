"""Digests of a corpus's content."""

import zipfile

import nltk
import pandas as pd
from nltk.corpus.reader import CategorizedSentencesCorpusReader
from nltk.corpus.util import LazyCorpusLoader

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.reading import CorpusInput


def write_corpus(folder, documents=40, name="reviews.csv"):
    rows = [
        (f"{word} film number {number}", label)
        for number in range(documents)
        for word, label in (("good", "pos"), ("bad", "neg"))
    ]
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(folder / name, index=False)


def test_a_corpus_is_digested_by_its_content(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_corpus(tmp_path)
    write_corpus(tmp_path, name="copy.csv")
    write_corpus(tmp_path, name="other.csv", documents=41)
    digests = [CorpusInput(Corpus(name)).digest for name in ("reviews.csv", "copy.csv", "other.csv")]
    assert digests[0] == digests[1] != digests[2]
    assert CorpusInput(Corpus("missing.csv")).digest is None and CorpusInput(Corpus("no_such_corpus")).digest is None


def test_texts_behind_a_link_are_digested_as_they_are_read(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "pos").symlink_to(tmp_path / "elsewhere")
    digests = []
    for number in range(2):
        (tmp_path / "elsewhere" / f"{number}.txt").write_text(f"text {number}")
        digests.append(CorpusInput(Corpus(str(tmp_path / "corpus"))).digest)
    assert len(CorpusInput(Corpus(str(tmp_path / "corpus"))).read()) == 2 and digests[0] != digests[1]


def test_an_nltk_corpus_is_digested_zipped_and_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    nltk.corpus.reader  # noqa: B018  # loads the lazy module
    # A loader of this test's own: it turns itself into a reader of this folder.
    loader = LazyCorpusLoader("subjectivity", CategorizedSentencesCorpusReader, r".*\.txt", cat_map={"plot.txt": ["a"]})
    monkeypatch.setattr(nltk.corpus, "subjectivity", loader)
    assert CorpusInput(Corpus("subjectivity")).digest is None
    unpacked = tmp_path / "corpora" / "subjectivity"
    unpacked.mkdir(parents=True)
    (unpacked / "plot.txt").write_text("a plot")
    first = CorpusInput(Corpus("subjectivity")).digest
    (unpacked / "plot.txt").write_text("another plot")
    assert first is not None and CorpusInput(Corpus("subjectivity")).digest not in (None, first)
    with zipfile.ZipFile(tmp_path / "corpora" / "subjectivity.zip", "w") as archive:
        archive.writestr("subjectivity/plot.txt", "a plot")
    assert CorpusInput(Corpus("subjectivity")).digest is not None
