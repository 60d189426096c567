"""The folder ``features/`` of a featurize run: what was learned from the training split, and the encoded splits."""

import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from sentiment.model.text.cleaning import Cleaner
from sentiment.model.text.ngrams import count_terms, learn_terms
from sentiment.model.text.vocabulary import Vocabulary


@dataclass(frozen=True)
class Features:
    """The features of a dataset, read from their folder as they are asked for.

    Args:
        folder: path of the folder that :func:`write` made.
        dataset: path of the ingest run's folder ``dataset``, for models that read raw text; or None.
    """

    folder: Path
    dataset: Path | None = None

    @cached_property
    def cleaner(self):
        return Cleaner(**self._settings["cleaner"])

    @cached_property
    def classes(self):
        """Class names in the order of the labels, a list of str."""
        return self._settings["classes"]

    @cached_property
    def max_length(self):
        return self._settings["max_length"]

    @cached_property
    def truncation(self):
        return self._settings["truncation"]

    @cached_property
    def vocabulary(self):
        return Vocabulary(_read_lines(self.folder / "vocabulary.txt"))

    @cached_property
    def terms(self):
        """The n-grams of the training split, a list of str, the most widespread first."""
        return _read_lines(self.folder / "terms.txt")

    def ids(self, split):
        """Padded token ids, memory-mapped: int32 of shape (documents, max_length), or of several chunks of that length."""
        return np.load(self.folder / f"{split}_ids.npy", mmap_mode="r")

    def labels(self, split):
        """Positions in ``classes``: int32 of shape (documents,)."""
        return np.load(self.folder / f"{split}_labels.npy", mmap_mode="r")

    @lru_cache(maxsize=6)  # a search reads them for each of its trials
    def counts(self, split):
        """N-gram counts: sparse CSR float32 of shape (documents, terms)."""
        return sparse.load_npz(self.folder / f"{split}_counts.npz")

    def texts(self, split):
        """The raw texts, a list of str."""
        return pd.read_parquet(self.dataset / f"{split}.parquet", columns=["text"])["text"].tolist()

    @lru_cache(maxsize=6)
    def tokens(self, split):
        """The tokens of the raw texts, a list of lists of str."""
        return [self.cleaner.tokens(text) for text in self.texts(split)]

    def joined(self, folder):
        """Features learned anew from training and validation split together, as the training split of an empty folder."""
        parts = {name: pd.read_parquet(self.dataset / f"{name}.parquet") for name in ("train", "validation")}
        parts["train"] = pd.concat(parts.values(), ignore_index=True)
        (folder / "dataset").mkdir()
        for name, part in parts.items():
            part.to_parquet(folder / "dataset" / f"{name}.parquet")
        written = write(folder, parts, self.cleaner, len(self.vocabulary), self.max_length, self.truncation)
        return Features(written.folder, folder / "dataset")

    @cached_property
    def _settings(self):
        return json.loads((self.folder / "settings.json").read_text(encoding="utf-8"))


def write(folder, parts, cleaner, vocabulary_size, max_length, truncation="last"):
    """Learn from the training split and encode every split.

    Args:
        folder: empty folder to write into, a Path.
        parts: dict of DataFrames train, validation and test with the columns text and label.
        cleaner: a :class:`Cleaner`.
        vocabulary_size: number of token ids, padding and unknown included.
        max_length: tokens that a network reads of a text at once.
        truncation: what it reads of a longer text (:mod:`sentiment.model.text.truncation`).

    Returns:
        The :class:`Features` of the folder.
    """
    documents = {name: [cleaner.tokens(text) for text in part["text"]] for name, part in parts.items()}
    classes = sorted(parts["train"]["label"].unique())
    vocabulary = Vocabulary.learn(documents["train"], vocabulary_size)
    terms = learn_terms(documents["train"])

    settings = {"cleaner": cleaner.as_dict(), "classes": classes, "max_length": max_length, "truncation": truncation}
    (folder / "settings.json").write_text(json.dumps(settings, indent=1), encoding="utf-8")
    _write_lines(folder / "vocabulary.txt", vocabulary.words)
    _write_lines(folder / "terms.txt", terms)
    for name, part in parts.items():
        np.save(folder / f"{name}_ids.npy", vocabulary.encode(documents[name], max_length, truncation))
        np.save(folder / f"{name}_labels.npy", np.searchsorted(classes, part["label"].to_numpy(str)).astype(np.int32))
        sparse.save_npz(folder / f"{name}_counts.npz", count_terms(documents[name], terms), compressed=False)
    return Features(folder)


def _read_lines(path):
    text = path.read_text(encoding="utf-8")
    return text.split("\n")[:-1]


def _write_lines(path, lines):
    # Tokens hold no white space but the blanks inside an n-gram, so that a line break always ends one.
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
