"""The options of tune and train that only some families understand: embedding, embedding_file, pretrained, members."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mlflow
import numpy as np

from sentiment.errors import UserError
from sentiment.features.store import Features
from sentiment.features.vectors import word_vectors
from sentiment.model.families import families_with, unknown_options
from sentiment.model.space import Choice, Params, Space

VECTORS = "embedding/vectors.npy"  # artifact


def check_options(family: str, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    """Raise UserError if a family is given an option that it does not understand, or options contradict each other.

    Args:
        family: name of the family.
        given: the options and their values, among other parameters of a step.
        defaults: values that count as not given.
    """
    for option in unknown_options(family):
        if option in given and given[option] != defaults[option]:
            others = " or ".join(families_with(option))
            raise UserError(f"{family} has no {option}: only family={others} has it")
    if given["embedding_file"] and given["embedding"] == "random":
        raise UserError(f"embedding_file={given['embedding_file']} without embedding: give embedding=word2vec or glove")
    if given["embedding"] == "glove" and not given["embedding_file"]:
        raise UserError("embedding=glove without embedding_file: give the path of a GloVe text file")


def log_word_vectors(
    kind: str, path: str, features: Features, seed: int, space: Space, params: Params
) -> tuple[str, Space, Params]:
    """Make the word vectors that embeddings start from, and log them to the active run with their coverage.

    Args:
        kind: word2vec or glove.
        path: the file to read them from; empty to learn them.
        features: see :func:`word_vectors`.
        seed: see :func:`word_vectors`.
        space: the search space.
        params: where the search starts; learned vectors have its ``embedding_size``.

    Returns:
        The artifact's path, and the space and the params with the length of the vectors.
    """
    matrix, coverage = word_vectors(kind, path, features, params["embedding_size"], seed)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / Path(VECTORS).name
        np.save(file, matrix)
        mlflow.log_artifact(str(file), str(Path(VECTORS).parent))
    mlflow.log_metric("embedding_coverage", coverage)
    size = matrix.shape[1]
    print(f"embedding: {kind}, length {size}, for {coverage:.1%} of the vocabulary", flush=True)
    return VECTORS, space | {"embedding_size": Choice((size,))}, params | {"embedding_size": size}
