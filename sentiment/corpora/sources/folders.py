"""A corpus in a folder: a subfolder for each class, a UTF-8 text file for each document."""

from pathlib import Path

from sentiment.corpora.sources import Document
from sentiment.digests import folder_digest
from sentiment.errors import UserError

EXPECTED = "a folder with a folder of text files for each class"


def matches(corpus: str) -> bool:
    return Path(corpus).is_dir()


def read(corpus: str, text_column: str, label_column: str) -> tuple[list[Document], str]:
    """Read every file below a class's folder; ids are paths relative to the corpus, and sorted.

    Files and folders whose names begin with a dot are left out.

    Raises:
        UserError: there are no such files, or one of them is not UTF-8.
    """
    folder = Path(corpus)
    documents = []
    for path in sorted(folder.glob("*/**/*")):
        below = path.relative_to(folder)
        if not path.is_file() or any(part.startswith(".") for part in below.parts):
            continue
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise UserError(
                f"corpus={corpus}: {path} is not UTF-8 ({error.reason} at byte {error.start}): convert it to UTF-8"
            ) from error
        documents.append(Document(below.as_posix(), text, below.parts[0]))
    if not documents:
        raise UserError(
            f"corpus={corpus}: the folder has no documents: expected a folder for each class with text files in it"
        )
    return documents, str(folder.resolve())


def digest(corpus: str) -> str | None:
    return folder_digest(Path(corpus))
