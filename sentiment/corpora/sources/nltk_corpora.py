"""NLTK's categorized corpora, read through NLTK's own readers."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.sources import Document, to_record_batches
from sentiment.corpora.stores.local import local_dataset_source
from sentiment.digests import Digest, content_digest
from sentiment.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa
    from mlflow.data.dataset_source import DatasetSource

EXPECTED = "the name of an NLTK categorized corpus such as movie_reviews"


def matches(corpus: Corpus) -> bool:
    """Whether ``nltk.corpus`` has a corpus of this name, installed or not, and no file has that name."""
    return not Path(corpus.address).exists() and _is_corpus(corpus.address)


def names() -> list[str]:
    """The names of all corpora that ``nltk.corpus`` has, installed or not."""
    import nltk.corpus

    return [name for name in dir(nltk.corpus) if _is_corpus(name)]


def _is_corpus(name: str) -> bool:
    if not name.isidentifier():  # avoids importing NLTK
        return False
    import nltk.corpus
    from nltk.corpus.reader import CorpusReader
    from nltk.corpus.util import LazyCorpusLoader

    # A loader turns into the reader on first use.
    return isinstance(getattr(nltk.corpus, name, None), (LazyCorpusLoader, CorpusReader))


def find(corpus: Corpus) -> NltkCorpus:
    return NltkCorpus(corpus.address)


class NltkCorpus:
    """A :class:`sentiment.corpora.sources.FoundCorpus` of NLTK, downloaded when it is read."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def location(self) -> str:
        return str(load(self._name).root)

    def read(self) -> Iterator[pa.RecordBatch]:
        """Read a corpus whose documents, or sentences, each have one category.

        Documents with several categories (as in reuters) have no single label and are left out. Ids are NLTK's file
        ids, with the number of the sentence, from 0, if the corpus is one of sentences.

        Raises:
            UserError: it is not installed and cannot be downloaded, it is empty, or it has no categories.
        """
        reader = load(self._name)
        if not hasattr(reader, "categories"):
            raise UserError(f"the NLTK corpus {self._name} has no categories to learn: expected one like movie_reviews")
        if not reader.fileids():
            raise UserError(f"the NLTK corpus {self._name} has no files in {self.location}: delete that and try again")
        return to_record_batches(_documents(reader))

    def digest(self) -> Digest | None:
        """Digest of the folder or the zip file that NLTK reads; None if the corpus is not installed."""
        import nltk

        reader = getattr(nltk.corpus, self._name)
        try:
            reader.ensure_loaded()
        except LookupError:
            return None
        root = reader.root  # the folder, if there is a zip file too, as NLTK's downloader leaves them
        return Digest(content_digest(Path(root.zipfile.filename if hasattr(root, "zipfile") else str(root))))

    def dataset_source(self) -> DatasetSource:
        return local_dataset_source(self.location)


def _documents(reader: Any) -> Iterator[Document]:
    from nltk.corpus.reader import CategorizedSentencesCorpusReader

    read_text = _text_reader(reader)
    by_sentence = isinstance(reader, CategorizedSentencesCorpusReader)
    for file_id in reader.fileids():
        categories = reader.categories(file_id)
        if len(categories) != 1:
            continue
        text = read_text(file_id)
        if by_sentence:
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            yield from (Document(f"{file_id}:{number}", line, categories[0]) for number, line in enumerate(lines))
        else:
            yield Document(file_id, text, categories[0])


def load(name: str, otherwise: str = "give a path to your own file") -> Any:
    """The reader of an NLTK corpus, downloaded if it is not installed; ``otherwise`` is the alternative for the user.

    Raises:
        UserError: it is not installed and cannot be downloaded.
    """
    import nltk

    corpus = getattr(nltk.corpus, name)
    try:
        corpus.ensure_loaded()
    except LookupError:
        print(f"{name} is not in NLTK's data folders: downloading it", flush=True)
        if not nltk.download(name, quiet=True, print_error_to=io.StringIO()):  # the error below says it in one line
            raise UserError(
                f"the NLTK corpus {name} is in none of {', '.join(nltk.data.path)} and could not be downloaded: set "
                f"NLTK_DATA to a folder that has corpora/{name}.zip, or run `python -m nltk.downloader {name}` with a "
                f"network, or {otherwise}"
            ) from None
        corpus.ensure_loaded()
    return corpus


def _text_reader(reader: Any) -> Callable[[str], str]:
    """A function from a file id to its text.

    NLTK reads the zip file's directory again for every file that it opens, which takes most of the time for the 2,000
    files of movie_reviews. Here the zip file is opened once.
    """
    if hasattr(reader, "tagged_words"):  # brown: the files hold word/tag pairs, the text is the words
        return lambda file_id: " ".join(reader.words(file_id))
    root = reader.root
    if not hasattr(root, "zipfile"):
        return reader.raw
    archive = zipfile.ZipFile(root.zipfile.filename)
    return lambda file_id: archive.read(root.entry + file_id).decode(reader.encoding(file_id) or "utf-8")
