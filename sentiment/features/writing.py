"""Writes the folder ``features/`` of a featurize run: vocabulary, n-grams and encoded splits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from sentiment.batches import Mapper
from sentiment.features.ids import choose_length, write_ids
from sentiment.features.terms import count_terms, learn_terms
from sentiment.features.tokens import Numbering, number_subwords, number_words
from sentiment.model.text.cleaning import Cleaner
from sentiment.model.text.language import looks_english
from sentiment.model.text.subwords import Subwords
from sentiment.model.text.truncation import MAX_TOKENS
from sentiment.model.text.vocabulary import Vocabulary
from sentiment.model.text.word_kinds import learn_word_kinds


def write_features(
    folder: Path,
    parts: Mapping[str, pd.DataFrame],
    cleaner: Cleaner,
    vocabulary_size: int,
    max_length: int,
    truncation: str = "last",
    tokens: str = "word",
    tokenizer: Subwords | None = None,
    mapper: Mapper = map,
    ngrams: bool = True,
) -> None:
    """Learn from the training split and encode every split.

    Args:
        folder: an empty folder.
        parts: the splits, DataFrames with the columns text and label. Only ``train`` is learned from.
        cleaner: splits texts into tokens.
        vocabulary_size: number of token ids, including padding and unknown.
        max_length: tokens of a text that a network reads at once; 0 to choose it by the training split.
        truncation: which tokens of a longer text it reads (:mod:`sentiment.model.text.truncation`).
        tokens: what the networks' vocabulary consists of: ``word``, ``subword`` (learned from the training split) or
            ``checkpoint``.
        tokenizer: of the checkpoint.
        mapper: cleans, counts and encodes batches of texts.
        ngrams: whether to learn and count n-grams.
    """
    classes = sorted(parts["train"]["label"].unique())
    numbering = read_numbering = Numbering()
    train = parts["train"]["text"].array
    plain, marked = number_words(train, cleaner, numbering, "featurize train", mapper)
    words = numbering.words
    if ngrams:
        terms, counts = learn_terms(marked, words, mapper)
        _write_lines(folder / "terms.txt", terms)
        sparse.save_npz(folder / "train_counts.npz", counts, compressed=False)
        del counts
    subwords = Subwords.learn(plain.spell(words), vocabulary_size) if tokens == "subword" else tokenizer
    read_train = plain
    if subwords:
        read_numbering = Numbering()
        read_train = number_subwords(subwords, train, plain.spell(words), read_numbering, mapper)
    occurs = np.bincount(read_train.numbers, minlength=len(read_numbering.words)).tolist()
    vocabulary = Vocabulary.learn(
        {word: count for word, count in zip(read_numbering.words, occurs) if count},
        vocabulary_size,
        learn_word_kinds(cleaner) if not subwords and looks_english(train) else None,
    )
    # A checkpoint's tokenizer splits words into more or fewer pieces: only the limit applies to it.
    max_pieces = max_length or MAX_TOKENS
    max_length = max_length or choose_length(read_train.lengths)

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
    if vocabulary.kinds:
        (folder / "kinds.json").write_text(json.dumps(vocabulary.kinds, ensure_ascii=False), encoding="utf-8")
    lengths = []
    for name, part in parts.items():
        read = read_train
        if name != "train":
            texts = part["text"].array
            plain, marked = number_words(texts, cleaner, numbering, f"featurize {name}", mapper)
            words = numbering.words
            if ngrams:
                counts = count_terms(marked, words, terms, mapper)
                sparse.save_npz(folder / f"{name}_counts.npz", counts, compressed=False)
            read = plain
            if subwords:
                read = number_subwords(subwords, texts, plain.spell(words), read_numbering, mapper)
        ids = vocabulary.encode_words(read_numbering.words)
        write_ids(folder / f"{name}_ids.npy", read, ids, max_length, truncation, mapper)
        np.save(folder / f"{name}_labels.npy", np.searchsorted(classes, part["label"].to_numpy(str)).astype(np.int32))
        lengths.append(read.lengths)
    sizes, counts = np.unique(np.concatenate(lengths), return_counts=True)
    by_size = dict(zip(map(str, sizes), counts.tolist()))
    (folder / "lengths.json").write_text(json.dumps(by_size), encoding="utf-8")


def _write_lines(path: Path, lines: list[str]) -> None:
    # Tokens contain no white space except the spaces in an n-gram, so each line break ends one.
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
