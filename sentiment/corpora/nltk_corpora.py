"""NLTK's categorized corpora, read through NLTK's own readers."""

import io
import zipfile

import pandas as pd

from sentiment.errors import UserError


def read(name):
    """Read an NLTK corpus whose documents, or sentences, each have one category.

    Documents with several categories (as in reuters) have no single label and are left out.

    Returns:
        A tuple of a DataFrame with the string columns id (NLTK's file id), text and label, and the corpus's path.

    Raises:
        UserError: it is neither installed nor to be downloaded, or has no categories.
    """
    from nltk.corpus.reader import CategorizedSentencesCorpusReader

    reader = _load(name)
    if not hasattr(reader, "categories"):
        raise UserError(f"the NLTK corpus {name} has no categories to learn: expected one like movie_reviews")
    rows = []
    read_text = _text_reader(reader)
    by_sentence = isinstance(reader, CategorizedSentencesCorpusReader)
    for file_id in reader.fileids():
        categories = reader.categories(file_id)
        if len(categories) != 1:
            continue
        text = read_text(file_id)
        if by_sentence:
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            rows += [(f"{file_id}:{number}", line, categories[0]) for number, line in enumerate(lines)]
        else:
            rows.append((file_id, text, categories[0]))
    return pd.DataFrame(rows, columns=["id", "text", "label"]), str(reader.root)


def _load(name):
    import nltk

    corpus = getattr(nltk.corpus, name)
    try:
        corpus.ensure_loaded()
    except LookupError:
        print(f"{name} is not in NLTK's data folders: downloading it", flush=True)
        if not nltk.download(name, quiet=True, print_error_to=io.StringIO()):  # the line below says it all
            raise UserError(
                f"the NLTK corpus {name} is in none of {', '.join(nltk.data.path)} and could not be downloaded: set "
                f"NLTK_DATA to a folder that has corpora/{name}.zip, or run `python -m nltk.downloader {name}` with a "
                f"network, or give a path to your own file"
            ) from None
        corpus.ensure_loaded()
    return corpus


def _text_reader(reader):
    """A function from a file id to its text.

    NLTK reads the zip's directory again for every file that it opens, which for the 2,000 files of
    movie_reviews takes most of the time; here the zip is opened once.
    """
    if hasattr(reader, "tagged_words"):  # brown: the files hold word/tag pairs, the text is the words
        return lambda file_id: " ".join(reader.words(file_id))
    root = reader.root
    if not hasattr(root, "zipfile"):
        return reader.raw
    archive = zipfile.ZipFile(root.zipfile.filename)
    return lambda file_id: archive.read(root.entry + file_id).decode(reader.encoding(file_id) or "utf-8")
