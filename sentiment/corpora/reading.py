"""Where text comes from. Each source gives the same shape: a DataFrame with the columns id, text and label."""

from pathlib import Path

from sentiment.corpora import files, folders, nltk_corpora
from sentiment.corpora.content import SAMPLE, is_nltk_corpus
from sentiment.errors import UserError


def read_corpus(corpus, text_column="text", label_column="label"):
    """Read a corpus.

    Args:
        corpus: ``sample``, the name of an NLTK categorized corpus, a path to .csv, .tsv, .jsonl or .parquet, or a
            folder that has a folder of text files for each class.
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
    if Path(corpus).is_dir():
        return folders.read(Path(corpus)), str(Path(corpus).resolve())
    if Path(corpus).exists():
        raise UserError(f"corpus={corpus}: expected a file that ends in {', '.join(files.READERS)}, or a folder")
    if is_nltk_corpus(corpus):
        return nltk_corpora.read(corpus)
    raise UserError(
        f"unknown corpus {corpus!r}: expected sample, the name of an NLTK categorized corpus such as movie_reviews, "
        f"a path that ends in {', '.join(files.READERS)}, or a folder with a folder of text files for each class"
    )
