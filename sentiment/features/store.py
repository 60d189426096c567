"""The folder ``features/`` of a featurize run: what was learned from the training split, and the encoded splits."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from sentiment.model.text.cleaning import Cleaner
from sentiment.model.text.ngrams import count_terms, learn_terms
from sentiment.model.text.subwords import Subwords
from sentiment.model.text.vocabulary import Vocabulary

# What max_length=0 stands for: the length up to which most training texts are read whole, and no more than a network on
# a CPU reads in acceptable time.
LENGTH_QUANTILE = 0.99
MAX_TOKENS = 400


@dataclass(frozen=True)
class Features:
    """The features of a dataset, read from their folder on demand; see :class:`sentiment.model.training.Features`.

    Args:
        folder: the folder that :func:`write_features` filled.
        dataset: the ingest run's folder ``dataset``, for models that read raw text.
    """

    folder: Path
    dataset: Path | None = None

    @cached_property
    def cleaner(self) -> Cleaner:
        return Cleaner(**self._settings["cleaner"])

    @cached_property
    def classes(self) -> list[str]:
        """Class names in the order of the labels."""
        return self._settings["classes"]

    @cached_property
    def max_length(self) -> int:
        return self._settings["max_length"]

    @cached_property
    def max_pieces(self) -> int:
        return self._settings["max_pieces"]

    @cached_property
    def truncation(self) -> str:
        return self._settings["truncation"]

    @property
    def kept(self) -> Path:
        """Where embeddings of texts are kept: in the user's cache, since the folder of a run never changes."""
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sentiment" / "embeddings"

    @cached_property
    def subwords(self) -> Subwords | None:
        tokens = self._settings.get("tokens", "word")  # which a run of an earlier version does not say
        return None if tokens == "word" else Subwords.load(self.folder, raw_text=tokens == "checkpoint")

    @cached_property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary(_read_lines(self.folder / "vocabulary.txt"))

    @cached_property
    def terms(self) -> list[str]:
        """The word n-grams of the training split, by descending document frequency."""
        return _read_lines(self.folder / "terms.txt")

    def ids(self, split: str) -> np.ndarray:
        """Padded token ids, memory-mapped: int32 of shape (documents, max_length), or a multiple of it for chunks."""
        name, rows = self._locate(split)
        return np.load(self.folder / f"{name}_ids.npy", mmap_mode="r")[rows]

    def labels(self, split: str) -> np.ndarray:
        """Positions in ``classes``: int32 of shape (documents,)."""
        name, rows = self._locate(split)
        return np.load(self.folder / f"{name}_labels.npy", mmap_mode="r")[rows]

    @lru_cache(maxsize=6)  # noqa: B019, every trial of a search reads them
    def counts(self, split: str) -> Any:
        """N-gram counts: sparse CSR float32 of shape (documents, terms)."""
        name, rows = self._locate(split)
        return sparse.load_npz(self.folder / f"{name}_counts.npz")[rows]

    def texts(self, split: str) -> list[str]:
        """The raw texts."""
        name, rows = self._locate(split)
        return self._read_split(name, columns=["text"])["text"].iloc[rows].tolist()

    @lru_cache(maxsize=6)  # noqa: B019
    def tokens(self, split: str) -> list[list[str]]:
        """The tokens of each text."""
        return [self.cleaner.tokens(text) for text in self.texts(split)]

    def network_tokens(self, texts: list[str]) -> list[list[str]]:
        """The words, or subwords, of raw texts that the vocabulary is of."""
        return _network_tokens(texts, [self.cleaner.tokens(text) for text in texts], self.subwords)

    def join_splits(self, folder: Path) -> Features:
        """Features learned anew from all but the test split, which become the training split.

        Args:
            folder: an empty folder to write them into.
        """
        parts = {name: self._read_split(name) for name in ("train", "validation")}
        return self._learn_anew(folder, parts | {"train": pd.concat(parts.values(), ignore_index=True)})

    def sample_training(self, share: float, seed: int, folder: Path) -> Features:
        """Features learned anew from a part of the training split.

        Args:
            share: of the texts of each class, above 0 and below 1.
            seed: of the choice; a larger share has the texts of a smaller one.
            folder: an empty folder to write them into.
        """
        train = self._read_split("train").sample(frac=1, random_state=seed)
        within, size = (train.groupby("label")["label"].transform(how) for how in ("cumcount", "size"))
        return self._learn_anew(
            folder, {"train": train[within < share * size], "validation": self._read_split("validation")}
        )

    def _learn_anew(self, folder: Path, parts: Mapping[str, pd.DataFrame]) -> Features:
        (folder / "dataset").mkdir()
        for name, part in parts.items():
            part.to_parquet(folder / "dataset" / f"{name}.parquet")
        # A checkpoint's tokenizer stays what it is; subwords are learned anew.
        tokenizer = self.subwords if self.subwords and self.subwords.raw_text else None
        size, tokens = self._settings["vocabulary_size"], self._settings["tokens"]
        written = write_features(folder, parts, self.cleaner, size, self.max_length, self.truncation, tokens, tokenizer)
        return Features(written.folder, folder / "dataset")

    def _locate(self, split: str) -> tuple[str, Any]:
        """The split of the corpus that holds a split, and the rows there.

        Every second document of the validation split, in the order of the classes, is for the choice between families.
        """
        if split not in ("validation", "choice"):
            return split, slice(None)
        by_class = np.argsort(np.load(self.folder / "validation_labels.npy"), kind="stable")
        return "validation", np.sort(by_class[1::2] if split == "choice" else by_class[::2])

    def _read_split(self, split: str, columns: list[str] | None = None) -> pd.DataFrame:
        if self.dataset is None:
            raise ValueError("raw texts need the folder of the dataset")
        return pd.read_parquet(self.dataset / f"{split}.parquet", columns=columns)

    @cached_property
    def _settings(self) -> dict[str, Any]:
        return json.loads((self.folder / "settings.json").read_text(encoding="utf-8"))


def write_features(
    folder: Path,
    parts: Mapping[str, pd.DataFrame],
    cleaner: Cleaner,
    vocabulary_size: int,
    max_length: int,
    truncation: str = "last",
    tokens: str = "word",
    tokenizer: Subwords | None = None,
) -> Features:
    """Learn from the training split and encode every split.

    Args:
        folder: an empty folder.
        parts: the splits, DataFrames with the columns text and label. What is learned is learned from ``train`` alone.
        cleaner: splits texts into tokens.
        vocabulary_size: number of token ids, including padding and unknown.
        max_length: tokens of a text that a network reads at once; 0 to choose it by the training split.
        truncation: which tokens of a longer text it reads (:mod:`sentiment.model.text.truncation`).
        tokens: what the networks' vocabulary consists of: ``word``, ``subword`` (learned from the training split) or
            ``checkpoint``.
        tokenizer: that of the checkpoint.

    Returns:
        The features in the folder.
    """
    documents = {name: [cleaner.tokens(text) for text in part["text"]] for name, part in parts.items()}
    classes = sorted(parts["train"]["label"].unique())
    terms, counts = learn_terms(documents["train"])
    subwords = Subwords.learn(documents["train"], vocabulary_size) if tokens == "subword" else tokenizer
    read = {name: _network_tokens(part["text"].tolist(), documents[name], subwords) for name, part in parts.items()}
    vocabulary = Vocabulary.learn(read["train"], vocabulary_size)
    # A checkpoint's tokenizer splits words into pieces, more or less of them: it is held to the limit alone.
    max_pieces = max_length or MAX_TOKENS
    max_length = max_length or choose_length(read["train"])

    settings = {
        "cleaner": cleaner.as_dict(),
        "classes": classes,
        "max_length": max_length,
        "max_pieces": max_pieces,
        "truncation": truncation,
        "tokens": tokens,
        "vocabulary_size": vocabulary_size,
    }
    (folder / "settings.json").write_text(json.dumps(settings, indent=1), encoding="utf-8")
    if subwords:
        subwords.save(folder)
    _write_lines(folder / "vocabulary.txt", vocabulary.words)
    _write_lines(folder / "terms.txt", terms)
    for name, part in parts.items():
        np.save(folder / f"{name}_ids.npy", vocabulary.encode(read[name], max_length, truncation))
        np.save(folder / f"{name}_labels.npy", np.searchsorted(classes, part["label"].to_numpy(str)).astype(np.int32))
        of_split = counts if name == "train" else count_terms(documents[name], terms)
        sparse.save_npz(folder / f"{name}_counts.npz", of_split, compressed=False)
    return Features(folder)


def _network_tokens(texts: list[str], words: list[list[str]], subwords: Subwords | None) -> list[list[str]]:
    return words if subwords is None else subwords.split(texts if subwords.raw_text else words)


def choose_length(documents: list[list[str]]) -> int:
    """The number of tokens that all but 1% of the documents have at most, up to ``MAX_TOKENS``."""
    lengths = [len(tokens) for tokens in documents]
    return int(np.clip(np.quantile(lengths, LENGTH_QUANTILE, method="higher"), 1, MAX_TOKENS))


def _read_lines(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return text.split("\n")[:-1]


def _write_lines(path: Path, lines: list[str]) -> None:
    # Tokens contain no white space except the blanks inside an n-gram, so each line break ends one.
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
