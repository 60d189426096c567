"""Where text comes from. Each source gives the same shape: a DataFrame with the columns id, text and label."""

from pathlib import Path

from steps.corpora import files, nltk_corpora
from steps.workflow.errors import UserError
from steps.workflow.fingerprint import file_digest, folder_digest

SAMPLE = Path(__file__).parent / "sample" / "reviews.csv"


def read_corpus(corpus, text_column="text", label_column="label"):
    """Read a corpus.

    Args:
        corpus: ``sample``, the name of an NLTK categorized corpus, or a path to .csv, .tsv, .jsonl or .parquet.
        text_column: column of a file that holds the text.
        label_column: column of a file that holds the class name.

    Returns:
        A tuple ``(frame, source)``: a DataFrame with the string columns ``id``, ``text`` and ``label``, one row
        a document in the corpus's own order, and the path of what was read.

    Raises:
        UserError: there is no such corpus, or it cannot be read.
    """
    if corpus == "sample":
        return files.read(SAMPLE, "text", "label"), str(SAMPLE)
    if Path(corpus).suffix.lower() in files.READERS:
        return files.read(Path(corpus), text_column, label_column), str(Path(corpus).resolve())
    if Path(corpus).exists():
        raise UserError(f"corpus={corpus}: expected a file that ends in {', '.join(files.READERS)}")
    if nltk_corpora.knows(corpus):
        return nltk_corpora.read(corpus)
    raise UserError(
        f"unknown corpus {corpus!r}: expected sample, the name of an NLTK categorized corpus such as movie_reviews, "
        f"or a path that ends in {', '.join(files.READERS)}"
    )


def corpus_digest(corpus):
    """Digest of a corpus's content, or None where it cannot be taken (the corpus is not here, or not yet)."""
    if corpus == "sample":
        return file_digest(SAMPLE)
    if Path(corpus).is_file():
        return file_digest(corpus)
    if nltk_corpora.knows(corpus):
        place = nltk_corpora.installed_at(corpus)
        if place is not None:
            return file_digest(place) if place.is_file() else folder_digest(place)
    return None
