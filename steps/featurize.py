"""Learn vocabulary and n-grams from the training split, and turn every split into numbers."""

import sys
import tempfile
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from mlflow.entities import Run

from sentiment.artifacts import artifacts
from sentiment.corpora.splits import SPLITS
from sentiment.digests import folder_digest, text_digest
from sentiment.errors import UserError
from sentiment.features.store import Features
from sentiment.features.writing import write_features
from sentiment.model.text.cleaning import Cleaner
from sentiment.model.text.language import lacks_blanks
from sentiment.model.text.subwords import Subwords
from sentiment.tracking import (
    DATASET,
    DATASET_DIGEST,
    FEATURES,
    INGEST_RUN,
    NOTE,
    OUTPUT_DIGEST,
    origin,
)
from sentiment.workflow.engine import start_engine
from sentiment.workflow.parameters import FeaturizeParameters

MANY_UNKNOWN = 0.25  # share of the validation split's words; English corpora of 3,000 short texts have about 0.1


def featurize(parameters: FeaturizeParameters, ingest_run: Run) -> None:
    dataset = artifacts(ingest_run.info.run_id, DATASET)
    parts = {name: pd.read_parquet(dataset / f"{name}.parquet") for name in SPLITS}
    cleaner = Cleaner(
        lowercase=parameters.lowercase,
        strip_punctuation=parameters.strip_punctuation,
        stop_words=parameters.stop_words,
        stemming=parameters.stemming,
        cleaning=parameters.cleaning,
    )

    if parameters.pretrained and parameters.tokens != "checkpoint":
        raise UserError(f"pretrained={parameters.pretrained} needs tokens=checkpoint: give both, or neither")
    tokenizer = Subwords.of_checkpoint(parameters.pretrained) if parameters.tokens == "checkpoint" else None

    with start_engine(parameters, "featurize") as mapper, tempfile.TemporaryDirectory() as folder:
        write_features(
            Path(folder),
            parts,
            cleaner,
            parameters.vocabulary_size,
            parameters.max_length,
            parameters.truncation,
            parameters.tokens,
            tokenizer,
            mapper,
        )
        features = Features(Path(folder))
        figures = describe(features)
        mlflow.log_artifacts(folder, FEATURES)
        content = folder_digest(Path(folder))

    # What builds on the features reads the dataset as well: raw texts, ids, slices, who gave the labels.
    dataset_digest = origin(ingest_run).dataset_digest
    mlflow.log_metrics(figures)
    unknown = figures["unknown_share_validation"]
    learned = (
        f"{len(features.vocabulary)} token ids, {len(features.terms)} n-grams, up to {features.max_length} tokens a "
        f"text, {unknown:.1%} of the validation split's words unknown"
    )
    mlflow.set_tags(
        {
            OUTPUT_DIGEST: text_digest(f"{dataset_digest} {content}"),
            INGEST_RUN: ingest_run.info.run_id,
            DATASET_DIGEST: dataset_digest,
            NOTE: f"{learned}.",
        }
    )
    print(f"featurize: {learned}", flush=True)
    if parameters.tokens == "subword" and lacks_blanks(parts["train"]["text"].tolist()):
        print(
            "warning: in Chinese, Japanese, Thai and the like a character is a word, so tokens=subword joins nothing: "
            "leave it out, or give tokens=checkpoint with the tokenizer of a checkpoint that knows the language",
            file=sys.stderr,
        )
    if unknown > MANY_UNKNOWN:
        print(
            f"warning: {unknown:.0%} of the validation split's words are unknown to the networks: a larger "
            "vocabulary_size, more texts, or another split into words may help",
            file=sys.stderr,
        )


def describe(features: Features) -> dict[str, float]:
    """Sizes, and for each split the share of unknown words and of texts that fill max_length (0 to 1)."""
    figures: dict[str, float] = {
        "vocabulary_size": len(features.vocabulary),
        "terms": len(features.terms),
        "max_length": features.max_length,
    }
    for split in SPLITS:
        ids = features.ids(split)
        figures[f"unknown_share_{split}"] = float(
            np.sum(features.vocabulary.is_unknown(ids)) / max(np.count_nonzero(ids), 1)
        )
        figures[f"full_length_share_{split}"] = float(np.mean(np.count_nonzero(ids, axis=1) >= features.max_length))
    return figures
