"""Reads the folder ``features/`` of a featurize run; :mod:`sentiment.features.writing` fills it."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from scipy import sparse

from sentiment.corpora.splits import GROUP
from sentiment.features.writing import write_features
from sentiment.model.text.cleaning import Cleaner
from sentiment.model.text.subwords import Subwords
from sentiment.model.text.vocabulary import Vocabulary

FEWEST = 10  # texts of a class in a sample, if it has as many


@dataclass(frozen=True)
class Features:
    """The features of a dataset, read from their folder on demand; see :class:`sentiment.model.training.Features`.

    Args:
        folder: as in :func:`sentiment.features.writing.write_features`.
        dataset: the ingest run's folder ``dataset``, for models that read raw text.
        most: maximum number of training texts, a random sample of the split; the validation split is sampled to
            half as many; 0: all texts.
        seed: of the sample.
    """

    folder: Path
    dataset: Path | None = None
    most: int = 0
    seed: int = 0

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
        """The folder for embeddings of texts: in the user's cache, since the folder of a run never changes."""
        try:
            cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        except RuntimeError:  # no home: as durable as temporary files
            cache = Path(tempfile.gettempdir())
        return cache / "sentiment" / "embeddings"

    @cached_property
    def subwords(self) -> Subwords | None:
        tokens = self._settings.get("tokens", "word")  # absent in runs of earlier versions
        return None if tokens == "word" else Subwords.load(self.folder, raw_text=tokens == "checkpoint")

    @cached_property
    def vocabulary(self) -> Vocabulary:
        kinds = self.folder / "kinds.json"  # only for words of English texts
        return Vocabulary(
            _read_lines(self.folder / "vocabulary.txt"),
            json.loads(kinds.read_text(encoding="utf-8")) if kinds.exists() else None,
        )

    @cached_property
    def terms(self) -> list[str]:
        """The word n-grams of the training split, by descending document frequency."""
        return _read_lines(self.folder / "terms.txt")

    @cached_property
    def lengths(self) -> dict[int, int]:
        """How many texts of all splits have each number of tokens, before networks cut them to ``max_length``.

        Empty for a run of an earlier version.
        """
        path = self.folder / "lengths.json"
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return {int(tokens): count for tokens, count in found.items()}

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

    def groups(self, split: str) -> np.ndarray | None:
        """Of near-duplicates, numbered across splits: int64 of shape (documents,); None if there are none."""
        name, rows = self._locate(split)
        found = self._read_groups(name)
        return None if found is None else found[rows]

    def texts(self, split: str) -> list[str]:
        """The raw texts."""
        name, rows = self._locate(split)
        return self._read_split(name, columns=["text"])["text"].iloc[rows].tolist()

    @lru_cache(maxsize=6)  # noqa: B019
    def tokens(self, split: str) -> list[list[str]]:
        """The tokens of each text."""
        return [self.cleaner.tokens(text) for text in self.texts(split)]

    def network_tokens(self, texts: list[str]) -> list[list[str]]:
        """The words, or subwords, of raw texts, as in the vocabulary."""
        if self.subwords and self.subwords.raw_text:
            return self.subwords.split(texts)
        words = [self.cleaner.tokens(text) for text in texts]
        return self.subwords.split(words) if self.subwords else words

    def join_splits(self, folder: Path) -> Features:
        """Features relearned from all splits but test, which become the training split.

        Args:
            folder: an empty folder to write them into.
        """
        parts = {name: self._read_split(name) for name in ("train", "validation")}
        return self._learn_anew(folder, parts | {"train": pd.concat(parts.values(), ignore_index=True)})

    def sample_training(self, share: float, seed: int, folder: Path, ngrams: bool = True) -> Features:
        """Features relearned from a part of the training split.

        Args:
            share: of the texts of each class, above 0 and below 1.
            seed: of the sample; a larger share includes the texts of a smaller one.
            folder: an empty folder to write them into.
            ngrams: whether to learn n-grams, which takes most of the time.
        """
        train = self._read_split("train").sample(frac=1, random_state=seed)
        within, size = (train.groupby("label")["label"].transform(how) for how in ("cumcount", "size"))
        parts = {"train": train[within < share * size], "validation": self._read_split("validation")}
        return self._learn_anew(folder, parts, ngrams)

    def _learn_anew(self, folder: Path, parts: Mapping[str, pd.DataFrame], ngrams: bool = True) -> Features:
        (folder / "dataset").mkdir()
        for name, part in parts.items():
            part.to_parquet(folder / "dataset" / f"{name}.parquet")
        # A checkpoint's tokenizer stays unchanged; subwords are relearned.
        tokenizer = self.subwords if self.subwords and self.subwords.raw_text else None
        size, tokens = self._settings["vocabulary_size"], self._settings["tokens"]
        how = (size, self.max_length, self.truncation, tokens, tokenizer)
        write_features(folder, parts, self.cleaner, *how, ngrams=ngrams)
        return Features(folder, folder / "dataset")

    @lru_cache(maxsize=8)  # noqa: B019, a sample is drawn from all labels
    def _locate(self, split: str) -> tuple[str, Any]:
        """The split of the corpus that contains a split, and its rows there.

        Every second document of the validation split, in the order of the classes, is for the choice between families,
        along with its near-duplicates.
        """
        if split in ("validation", "choice"):
            labels = np.load(self.folder / "validation_labels.npy")
            every = np.arange(len(labels))
            groups = self._read_groups("validation")
            first = every if groups is None else pd.Series(every).groupby(groups).transform("first").to_numpy()
            if not first.any():  # all of them are near-duplicates of one another
                first = every
            own = np.flatnonzero(first == every)
            by_class = own[np.argsort(labels[own], kind="stable")]
            rows = np.flatnonzero(np.isin(first, by_class[1::2] if split == "choice" else by_class[::2]))
            return "validation", self._draw("validation", rows, self.most // 2) if split == "validation" else rows
        if split == "train" and self.most:
            return split, self._draw(split, np.arange(len(np.load(self.folder / "train_labels.npy"))), self.most)
        return split, slice(None)

    def _draw(self, split: str, rows: np.ndarray, count: int) -> np.ndarray:
        """``count`` of the rows of a split, ascending: each class's share, but at least ``FEWEST``."""
        if not count or len(rows) <= count:
            return rows
        labels = pd.Series(np.load(self.folder / f"{split}_labels.npy")[rows])
        mixed = labels.sample(frac=1, random_state=self.seed)
        within, size = (mixed.groupby(mixed).transform(how) for how in ("cumcount", "size"))
        return rows[np.sort(mixed.index[within < np.maximum(size * count // len(rows), FEWEST)])]

    def _read_groups(self, split: str) -> np.ndarray | None:
        if self.dataset is None or GROUP not in pq.read_schema(self.dataset / f"{split}.parquet").names:
            return None
        return self._read_split(split, columns=[GROUP])[GROUP].to_numpy()

    def _read_split(self, split: str, columns: list[str] | None = None) -> pd.DataFrame:
        if self.dataset is None:
            raise ValueError("raw texts need the folder of the dataset")
        return pd.read_parquet(self.dataset / f"{split}.parquet", columns=columns)

    @cached_property
    def _settings(self) -> dict[str, Any]:
        return json.loads((self.folder / "settings.json").read_text(encoding="utf-8"))


def _read_lines(path: Path) -> list[str]:
    with open(path, encoding="utf-8", newline="\n") as file:  # a subword may hold a \r
        return file.read().split("\n")[:-1]
