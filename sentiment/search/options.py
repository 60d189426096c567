"""What a family is fitted with, from the parameters of ``tune`` and ``train``: its space, its training, word vectors."""

import tempfile
from pathlib import Path

import mlflow
import numpy as np

from sentiment.errors import UserError
from sentiment.features.store import Features
from sentiment.features.vectors import word_vectors
from sentiment.model import families
from sentiment.model.space import Choice
from sentiment.model.training import Training
from sentiment.tracking import artifacts

VECTORS = "embedding/vectors.npy"  # artifact


def check_options(parameters):
    """Raise UserError where an option is given that the family does not know, or without one that it goes with."""
    for option in families.unknown_options(parameters.family):
        field = type(parameters).model_fields.get(option)
        if field is not None and getattr(parameters, option) != field.default:
            raise UserError(
                f"{parameters.family} has no {option}: it goes with family={' or '.join(families.OPTIONS[option])}"
            )
    if parameters.embedding_file and parameters.embedding == "random":
        raise UserError(
            f"embedding_file={parameters.embedding_file} without embedding: expected word2vec or glove with it"
        )
    if parameters.embedding == "glove" and not parameters.embedding_file:
        raise UserError("embedding=glove without embedding_file: give the path of a GloVe text file")


def search_space(parameters):
    """The family's space and its defaults with these options, a tuple; the size of word vectors is filled in later."""
    module = families.family(parameters.family)
    if parameters.pretrained and hasattr(module, "PRETRAINED_SPACE"):
        return module.PRETRAINED_SPACE, module.PRETRAINED_DEFAULTS
    if parameters.embedding != "random":
        return module.SPACE | module.VECTORS_SPACE, module.DEFAULTS | module.VECTORS_DEFAULTS
    return module.SPACE, module.DEFAULTS


def training_of(parameters):
    """The :class:`Training` that the parameters ask for."""
    return Training(
        seed=parameters.seed,
        epochs=parameters.epochs,
        batch_size=parameters.batch_size,
        class_weight=parameters.class_weight,
        pretrained=parameters.pretrained,
        members=getattr(parameters, "members", 1),  # train fits one
    )


def start_from_vectors(parameters, run, space, point):
    """Make the word vectors that the parameters ask for and log them to the active run, with their coverage.

    Args:
        parameters: those of ``tune`` or ``train``.
        space: the space of the search.
        point: the point that it starts from; vectors that are learned get its ``embedding_size``.

    Returns:
        A tuple of the artifact, empty without vectors, and of the space and the point with the vectors' length.
    """
    if parameters.embedding == "random":
        return "", space, point
    features = Features(artifacts(run.info.run_id, "features"), artifacts(run.data.tags["ingest_run"], "dataset"))
    matrix, coverage = word_vectors(
        parameters.embedding, parameters.embedding_file, features, point["embedding_size"], parameters.seed
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / Path(VECTORS).name
        np.save(file, matrix)
        mlflow.log_artifact(str(file), str(Path(VECTORS).parent))
    mlflow.log_metric("embedding_coverage", coverage)
    size = matrix.shape[1]
    print(f"embedding: {parameters.embedding}, length {size}, for {coverage:.1%} of the vocabulary", flush=True)
    return VECTORS, space | {"embedding_size": Choice((size,))}, point | {"embedding_size": size}
