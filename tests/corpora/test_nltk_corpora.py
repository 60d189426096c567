import zipfile

import nltk
import pytest
from nltk.corpus.reader import CategorizedPlaintextCorpusReader
from nltk.corpus.util import LazyCorpusLoader

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.reading import CorpusInput
from sentiment.errors import UserError


def test_movie_reviews_comes_whole_and_with_nltks_labels(movie_reviews):
    given = CorpusInput(Corpus("movie_reviews"))
    frame, source = given.read(), given.found.location
    assert frame["label"].value_counts().to_dict() == {"neg": 1000, "pos": 1000}
    assert frame["id"].is_unique and "movie_reviews.zip" in source
    first = nltk.corpus.movie_reviews
    assert frame["text"][0] == first.raw(first.fileids()[0])


@pytest.fixture
def small_corpus(tmp_path, monkeypatch):
    """An NLTK corpus of four files in a zip, one of them in two categories."""
    (tmp_path / "corpora").mkdir()
    with zipfile.ZipFile(tmp_path / "corpora" / "tiny.zip", "w") as archive:
        for name, text in {"a1.txt": "Gut", "b1.txt": "Schlecht", "a2.txt": "Schön", "both.txt": "?"}.items():
            archive.writestr(f"tiny/{name}", text)
    loader = LazyCorpusLoader(
        "tiny",
        CategorizedPlaintextCorpusReader,
        r".*\.txt",
        encoding="utf-8",
        cat_map={"a1.txt": ["a"], "a2.txt": ["a"], "b1.txt": ["b"], "both.txt": ["a", "b"]},
    )
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    nltk.corpus.reader  # noqa: B018  # loads the lazy module, which is replaced when it is first used
    monkeypatch.setattr(nltk.corpus, "tiny", loader, raising=False)


def test_documents_of_several_categories_are_left_out(small_corpus):
    CorpusInput(Corpus("tiny")).read()
    frame = CorpusInput(Corpus("tiny")).read()  # the loader is a reader by now
    assert frame[["id", "text", "label"]].to_numpy().tolist() == [
        ["a1.txt", "Gut", "a"],
        ["a2.txt", "Schön", "a"],
        ["b1.txt", "Schlecht", "b"],
    ]


def test_the_folder_that_is_read_decides_on_reuse_where_the_zip_file_is_beside_it(small_corpus, tmp_path):
    with zipfile.ZipFile(tmp_path / "corpora" / "tiny.zip") as archive:
        archive.extractall(tmp_path / "corpora")  # as NLTK's downloader does, which keeps the zip file
    given = CorpusInput(Corpus("tiny"))
    before = given.digest
    (tmp_path / "corpora" / "tiny" / "a1.txt").write_text("Besser", encoding="utf-8")
    edited = CorpusInput(Corpus("tiny"))
    assert edited.digest != before and "Besser" in set(edited.read()["text"])


def test_a_corpus_without_files_says_where_it_is(small_corpus, tmp_path):
    (tmp_path / "corpora" / "tiny").mkdir()  # a download that was stopped
    with pytest.raises(UserError, match="tiny has no files in .*tiny"):
        CorpusInput(Corpus("tiny")).read()


def test_a_corpus_that_is_neither_here_nor_to_be_had_names_the_ways_out(tmp_path, monkeypatch):
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    monkeypatch.setattr(nltk.downloader._downloader, "_url", "http://127.0.0.1:9/index.xml")  # nobody listens there
    with pytest.raises(
        UserError, match=r"could not be downloaded: set NLTK_DATA .* nltk.downloader subjectivity.* your own file"
    ):
        CorpusInput(Corpus("subjectivity")).read()
