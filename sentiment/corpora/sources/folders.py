"""A corpus in a folder: a subfolder for each class, a UTF-8 text file for each document."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.hints import describe_folder
from sentiment.corpora.sources import Document, to_record_batches
from sentiment.corpora.stores.local import files_below, local_dataset_source
from sentiment.digests import Digest, files_digest
from sentiment.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa
    from mlflow.data.dataset_source import DatasetSource

EXPECTED = "a folder with a folder of text files for each class"


def matches(corpus: Corpus) -> bool:
    return Path(corpus.address).is_dir()


def find(corpus: Corpus) -> Folder:
    return Folder(corpus)


class Folder:
    """A :class:`sentiment.corpora.sources.FoundCorpus` in a folder."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self.location = str(Path(corpus.address).resolve())

    def read(self) -> Iterator[pa.RecordBatch]:
        """Read every file below a class's folder; ids are paths relative to the corpus, and sorted.

        Files beside the classes' folders are documents without a label, where these are no mistake.
        Files and folders whose names begin with a dot are left out.

        Raises:
            UserError: while the batches are taken: there are no such files, or one of them is not UTF-8.
        """
        return to_record_batches(_documents(self._corpus))

    def digest(self) -> Digest:
        return Digest(files_digest(Path(self.location), _files(Path(self.location), self._corpus)))

    def dataset_source(self) -> DatasetSource:
        return local_dataset_source(self.location)


def _files(folder: Path, corpus: Corpus) -> Iterator[Path]:
    """The documents, sorted; those beside the classes' folders only where a label is not required."""
    return (path for path in files_below(folder) if path.parent != folder or not corpus.label_required)


def _documents(corpus: Corpus) -> Iterator[Document]:
    folder = Path(corpus.address)
    found = False
    for path in _files(folder, corpus):
        below = path.relative_to(folder)
        if not _is_utf8(below.as_posix()):
            raise UserError(f"{corpus.name}: the name of {os.fsencode(path)!r} is not UTF-8: give the file another one")
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise UserError(
                f"{corpus.name}: {path} is not UTF-8 ({error.reason} at byte {error.start}): convert it to UTF-8"
            ) from error
        found = True
        yield Document(below.as_posix(), text, below.parts[0] if len(below.parts) > 1 else "")
    if not found:
        raise UserError(
            f"{corpus.name}: the folder has no documents: expected a folder for each class with text files in it"
            + describe_folder(folder)
        )


def _is_utf8(name: str) -> bool:
    return not any("\ud800" <= sign <= "\udfff" for sign in name)  # bytes that are not UTF-8, as Python reads them
