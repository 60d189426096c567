"""A small corpus in which a word identifies each class."""

import numpy as np
import pandas as pd
import pytest

from sentiment.features.store import Features
from sentiment.features.writing import write_features
from sentiment.model.text.cleaning import Cleaner

WORDS = {"good": "pos", "bad": "neg", "plain": "mid"}
CLEANER = Cleaner()


def corpus(classes, seed=0):
    random = np.random.default_rng(seed)
    fillers = ["film", "story", "very", "the", "with", "actor", "and", "scene"]
    rows = []
    for number in range(60 * len(classes)):
        word = classes[number % len(classes)]
        length = random.integers(3, 12)
        words = [*random.choice(fillers, length), word, word]
        rows.append((" ".join(random.permutation(words)), WORDS[word]))
    return pd.DataFrame(rows, columns=["text", "label"])


def write_corpus(folder, parts, vocabulary_size=100, max_length=20, truncation="last", cleaner=CLEANER, **tokens):
    """The features of a dict of DataFrames train, validation and test, with the dataset beside them."""
    for name in ("features", "dataset"):
        (folder / name).mkdir()
    for name, part in parts.items():
        part.to_parquet(folder / "dataset" / f"{name}.parquet")
    write_features(folder / "features", parts, cleaner, vocabulary_size, max_length, truncation, **tokens)
    return Features(folder / "features", folder / "dataset")


def make_features(folder, classes, **options):
    """The features of the corpus with these words."""
    parts = {name: corpus(classes, seed) for seed, name in enumerate(("train", "validation", "test"))}
    return write_corpus(folder, parts, **options)


@pytest.fixture(
    scope="module", params=[["good", "bad"], ["good", "bad", "plain"]], ids=["two classes", "three classes"]
)
def features(request, tmp_path_factory):
    return make_features(tmp_path_factory.mktemp("corpus"), request.param)


@pytest.fixture(scope="module")
def two_classes(tmp_path_factory):
    return make_features(tmp_path_factory.mktemp("two"), ["good", "bad"])


@pytest.fixture(scope="module")
def three_classes(tmp_path_factory):
    return make_features(tmp_path_factory.mktemp("three"), ["good", "bad", "plain"])
