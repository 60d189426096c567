"""A corpus in a folder: a subfolder for each class, a UTF-8 text file for each document."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.hints import describe_folder
from sentiment.corpora.sources import Document, to_record_batches
from sentiment.corpora.stores.local import files_below, local_dataset_source, warn_of_links
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

        Files next to the classes' folders are documents without a label, if these are allowed.
        Files and folders whose names begin with a dot are left out.

        Raises:
            UserError: the folders are not classes; during iteration: there are no such files, or one is not UTF-8.
        """
        _require_classes(self._corpus)
        return to_record_batches(_documents(self._corpus))

    def digest(self) -> Digest:
        return Digest(files_digest(Path(self.location), _files(Path(self.location), self._corpus)))

    def dataset_source(self) -> DatasetSource:
        return local_dataset_source(self.location)


def _require_classes(corpus: Corpus) -> None:
    """Raise UserError if the folders in a folder are not classes: a corpus with its splits, or aclImdb's train."""
    from sentiment.corpora.source_splits import NAMES

    folder = Path(corpus.address)
    names = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    if names and {name.lower() for name in names} <= NAMES.keys():
        one = next((name for name in names if NAMES[name.lower()] == "train"), names[0])
        raise UserError(
            f"{corpus.name}: its folders are splits ({', '.join(names)}), expected classes: name one of them, "
            f"-P corpus={quote(str(folder / one))}; splits=source takes a file with a column split"
        )
    if "unsup" in names and len(names) > 1:
        unsup = folder / "unsup"
        raise UserError(
            f"{corpus.name}: the folder unsup has texts without a label, as in aclImdb, and would be a class: delete "
            f"{unsup}, or move it elsewhere"
        )


def _files(folder: Path, corpus: Corpus) -> Iterator[Path]:
    """The documents, sorted; those next to the classes' folders only if a label is not required."""
    return (path for path in files_below(folder) if path.parent != folder or not corpus.label_required)


def _documents(corpus: Corpus) -> Iterator[Document]:
    folder = Path(corpus.address)
    files = list(_files(folder, corpus))
    warn_of_links(corpus.name, folder, files)
    for path in files:
        below = path.relative_to(folder)
        if not _is_utf8(below.as_posix()):
            raise UserError(f"{corpus.name}: the name of {os.fsencode(path)!r} is not UTF-8: give the file another one")
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise UserError(
                f"{corpus.name}: {path} is not UTF-8 ({error.reason} at byte {error.start}): convert it to UTF-8"
            ) from error
        yield Document(below.as_posix(), text, below.parts[0] if len(below.parts) > 1 else "")
    if not files:
        raise UserError(
            f"{corpus.name}: the folder has no documents: expected a folder for each class with text files in it"
            + describe_folder(folder)
        )


def _is_utf8(name: str) -> bool:
    return not any("\ud800" <= sign <= "\udfff" for sign in name)  # bytes that are not UTF-8, as Python reads them
