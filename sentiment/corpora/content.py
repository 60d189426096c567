"""The content of a corpus as a digest, taken without reading it as documents."""

from pathlib import Path

from sentiment.digests import file_digest, folder_digest

SAMPLE = Path(__file__).parent / "sample" / "reviews.csv"


def corpus_digest(corpus):
    """Digest of a corpus's content, or None where it cannot be taken (the corpus is not here, or not yet).

    Args:
        corpus: as in :func:`sentiment.corpora.reading.read_corpus`.
    """
    place = SAMPLE if corpus == "sample" else Path(corpus)
    if not place.exists() and is_nltk_corpus(corpus):
        place = installed_at(corpus)
    if place is None or not place.exists():
        return None
    return file_digest(place) if place.is_file() else folder_digest(place)


def is_nltk_corpus(name):
    """Whether ``nltk.corpus`` has a corpus of this name, installed or not."""
    import nltk.corpus
    from nltk.corpus.util import LazyCorpusLoader

    return isinstance(getattr(nltk.corpus, name, None), LazyCorpusLoader)


def installed_at(name):
    """The zip file or the folder of an installed NLTK corpus, a Path, or None."""
    import nltk

    for place in (f"corpora/{name}.zip", f"corpora/{name}"):
        try:
            found = nltk.data.find(place)
        except LookupError:
            continue
        return Path(found.zipfile.filename if hasattr(found, "zipfile") else str(found))
    return None
