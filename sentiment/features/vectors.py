"""Word vectors to start embeddings from: read from a file, or learned from the training split."""

from __future__ import annotations

import os
import re
from typing import Any

import numpy as np
from tqdm import tqdm

from sentiment.errors import UserError, optional_package
from sentiment.features.store import Features
from sentiment.model.text.vocabulary import PADDING, RESERVED

EPOCHS, WINDOW = 10, 5  # of word2vec
HEADER = re.compile(r"\d+ \d+")  # first line of some files: how many words and numbers
TOO_MANY = re.compile(r"\S+( [-+]?\d*\.\d+([eE][-+]?\d+)?)+")  # a word and fractions; "windows 95" may be a word


def word_vectors(kind: str, path: str, features: Features, size: int, seed: int) -> tuple[np.ndarray, float]:
    """A vector for each id of a vocabulary, and the share of its words that have a vector of their own.

    Other words get a random vector with the same standard deviation, unknown words the mean of all vectors.

    Args:
        kind: ``word2vec`` or ``glove``.
        path: a GloVe text file, or a word2vec file, binary if it ends in ``.bin``; empty to learn word2vec (skip-gram,
            Mikolov et al. 2013) from the training split.
        features: of the corpus.
        size: length of the vectors that are learned.
        seed: of the random vectors and of word2vec.

    Returns:
        float32 array of shape (ids, length), and the coverage of the vocabulary, 0 to 1.

    Raises:
        UserError: the file cannot be read, contains none of the words or vectors that are all 0 or too large, or gensim
            is missing.
    """
    if features.subwords:
        raise UserError(f"embedding={kind} has vectors of words: it needs tokens=word")
    words = features.vocabulary.words
    if kind == "glove":
        found = read_glove(path, words)
    elif path:
        found = _read_word2vec(path, words)
    else:
        documents = [features.cleaner.tokens(text) for text in features.texts("train")]
        model = _import_gensim().models.Word2Vec(
            documents, vector_size=size, window=WINDOW, sg=1, min_count=2, epochs=EPOCHS, seed=seed, workers=1
        )
        found = {word: model.wv[word] for word in words if word in model.wv}
    if not found:
        raise UserError(f"embedding={kind}: none of the {len(words)} words of the vocabulary has a vector")
    vectors = np.array(list(found.values()), dtype=np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        deviation = vectors.std()
    if not (np.isfinite(deviation) and deviation > 0):
        raise UserError(
            f"embedding={kind}: the numbers of the {len(found)} vectors have a standard deviation of {deviation:g}, "
            "expected one above 0 and finite: give a file of trained word vectors"
        )
    random = np.random.default_rng(seed)
    matrix = random.normal(0.0, deviation, (len(features.vocabulary), vectors.shape[1])).astype(np.float32)
    matrix[PADDING] = 0.0
    matrix[features.vocabulary.is_unknown(np.arange(len(matrix)))] = vectors.mean(axis=0)
    for number, word in enumerate(words, start=RESERVED):
        if word in found:
            matrix[number] = found[word]
    return matrix, len(found) / len(words)


def read_glove(path: str, words: list[str]) -> dict[str, np.ndarray]:
    """The vectors of some words from a GloVe text file, which has a word and its numbers on each line.

    A first line with the number of words and their dimension, as word2vec and fastText write it, is skipped.

    Returns:
        float32 arrays of those words that the file contains.

    Raises:
        UserError: the file cannot be read, or a line does not parse.
    """
    wanted, found, size = set(words), {}, 0
    try:
        with (
            open(path, encoding="utf-8", newline="\n") as file,
            tqdm(total=os.path.getsize(path), desc="reading vectors", unit="B", unit_scale=True, delay=2) as progress,
        ):
            for number, line in enumerate(file, start=1):
                progress.update(len(line))
                entry = line.rstrip(" \r\n")
                if number == 1 and HEADER.fullmatch(entry):
                    continue
                size = size or entry.count(" ")
                word, *numbers = entry.rsplit(" ", size)  # a word may have spaces
                try:
                    vector = np.array(numbers, dtype=np.float32)
                except ValueError:
                    vector = np.empty(0, dtype=np.float32)
                too_many = word.split(" ")[0] in wanted and TOO_MANY.fullmatch(word)
                if size < 2 or vector.shape != (size,) or not np.isfinite(vector).all() or too_many:
                    raise UserError(
                        f"{path}, line {number}: expected a word and {max(size, 2)} numbers, got {line[:60]!r}"
                    )
                if word in wanted:
                    found[word] = vector
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"embedding_file={path} cannot be read: {error}") from error
    return found


def _read_word2vec(path: str, words: list[str]) -> dict[str, np.ndarray]:
    try:
        vectors = _import_gensim().models.KeyedVectors.load_word2vec_format(path, binary=path.endswith(".bin"))
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"embedding_file={path} cannot be read as word2vec: {error}") from error
    return {word: vectors[word] for word in words if word in vectors}


def _import_gensim() -> Any:
    with optional_package("embedding=word2vec", "gensim", "requirements-word2vec.txt"):
        import gensim
    return gensim
