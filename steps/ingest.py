"""Read a corpus, drop duplicates, split it and log it as an MLflow dataset."""

import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from unicodedata import is_normalized

import mlflow
import pandas as pd
from mlflow.data.dataset import Dataset
from mlflow.data.dataset_source import DatasetSource
from mlflow.data.pandas_dataset import from_pandas
from mlflow.exceptions import MlflowException

from sentiment.corpora import profile
from sentiment.corpora.corrections import correct_labels
from sentiment.corpora.labels import find_variants, normalize_label
from sentiment.corpora.reading import CorpusInput
from sentiment.corpora.source_splits import clean_splits, complete_splits
from sentiment.corpora.splits import GROUP, clean, describe_dropped, digest, split
from sentiment.digests import Digest, text_digest
from sentiment.errors import UserError
from sentiment.labelling.agreement import log_labelling
from sentiment.labelling.weak_labels import add_weak_labels
from sentiment.markdown import to_markdown
from sentiment.paths import place_name
from sentiment.quality.check import check_data, log_check
from sentiment.quality.corrected_labels import describe_corrections
from sentiment.quality.finding import Finding
from sentiment.quality.near_duplicates import group_near_duplicates, keep_together
from sentiment.tracking import (
    CORPUS_DIGEST,
    DATASET,
    DATASET_DIGEST,
    DATASET_LOCATION,
    MAX_TAG,
    NOTE,
    OUTPUT_DIGEST,
    PROFILE,
)
from sentiment.workflow.engine import start_engine
from sentiment.workflow.parameters import IngestParameters

MOST_CLASSES = 10  # that the console shows, the largest
MOST_OF_LOCATION = 300  # characters that the description shows: a query can be longer than all that MLflow keeps of it
NOTED_CLASSES = 20  # that the description of the run shows, the largest; MLflow cuts it at 8,000 characters


def ingest(parameters: IngestParameters, corpus: CorpusInput) -> None:
    if parameters.label_by and parameters.splits == "source":
        raise UserError("label_by puts human labels into validation and test: leave out splits=source")
    frame = corpus.read()
    variants = find_variants(frame["label"].unique())
    if parameters.normalize_labels:
        frame["label"] = frame["label"].map(normalize_label)
    elif variants:
        print(f"warning: {describe_variants(variants)}", file=sys.stderr, flush=True)
    if parameters.label_by:
        frame, votes = add_weak_labels(frame, parameters.label_by, parameters.polarity_thresholds())
    correction = correct_labels(frame, parameters.corrections) if parameters.corrections else None
    frame = correction.frame if correction else frame
    sizes = parameters.test_size, parameters.validation_size
    own_splits = parameters.splits == "source"
    with start_engine(parameters, "ingest") as mapper:
        notes: list[str] = []
        if own_splits:
            kept, dropped, notes = clean_splits(frame, parameters.source.name, parameters.split_seed, mapper)
        else:
            kept, dropped = clean(frame)
        groups = group_near_duplicates(kept["text"], mapper)
        together = keep_together(groups, kept["text"])
        if own_splits:
            parts, taken = complete_splits(kept, together, *sizes, parameters.split_seed, mapper)
            notes += taken
            for note in notes:
                print(f"ingest: {note}", flush=True)
        else:
            parts = split(kept, *sizes, parameters.split_seed, parameters.stratify, together, mapper)
        known = []
        if correction:
            dropped |= {"dropped_by_corrections": correction.dropped}
            known.append(describe_corrections(correction, parts))
            mlflow.log_metric("corrected_labels", known[0].count)
            print(f"ingest: {known[0].says}", flush=True)
        if notes:
            known.append(Finding("Splits of the source", len(notes), f"{'; '.join(notes)}."))
        by_text = pd.Series(groups.to_numpy(), index=kept["text"])
        check = check_data(parts, by_text, *sizes, parameters.split_seed, known, own_splits, mapper)

    numbers = pd.Series(pd.factorize(together)[0], index=kept["text"])
    with tempfile.TemporaryDirectory() as folder:
        for name, part in parts.items():
            if len(check.near_duplicates):
                part = part.assign(**{GROUP: part["text"].map(numbers)})
            part.to_parquet(Path(folder) / f"{name}.parquet", index=False)
        mlflow.log_artifacts(folder, DATASET)
    content = digest(parts)
    log_inputs(parts, content, corpus.found.dataset_source(), place_name(parameters.corpus))

    description = profile.describe(parts)
    mlflow.log_dict(description, PROFILE)
    mlflow.log_figure(profile.plot(parts), "profile/profile.png")
    mlflow.log_table(profile.examples(parts["train"]), "profile/examples.json")
    labelling = log_labelling(parts, votes) if parameters.label_by else ""
    counts: dict[str, float] = {f"documents_{name}": len(part) for name, part in parts.items()}
    mlflow.log_metrics(counts | dropped)
    log_check(check)
    found, location = corpus.digest, corpus.found.location
    summary = summarize(parameters.corpus, location, found, dropped)
    mlflow.set_tags(
        {
            DATASET_DIGEST: content,
            OUTPUT_DIGEST: content,
            CORPUS_DIGEST: f"{found.of} {found.value}" if found else "none",
            DATASET_LOCATION: location[:MAX_TAG],
            NOTE: "\n\n".join(filter(None, [summary, check.markdown(), tabulate_splits(description), labelling])),
        }
    )
    counted = kept["label"].value_counts()
    shown = ", ".join(f"{label} {count}" for label, count in counted.head(MOST_CLASSES).sort_index().items())
    shown += ", …" if len(counted) > MOST_CLASSES else ""
    print(
        f"ingest: {counted.sum()} documents of {parameters.corpus} in {len(counted)} classes ({shown}): "
        + ", ".join(f"{len(part)} {name}" for name, part in parts.items())
        + f" ({sum(dropped.values())} dropped)",
        flush=True,
    )


def describe_variants(variants: Sequence[Sequence[str]]) -> str:
    """A warning about labels that :func:`normalize_label` would merge, and how to merge them."""
    # Composed and decomposed accents print alike, so they are escaped.
    shown = [map(repr if is_normalized("NFC", "".join(group)) else ascii, group) for group in variants[:MOST_CLASSES]]
    groups = "; ".join(map(", ".join, shown))
    return (
        f"these labels look alike or are equal as numbers, and are separate classes: {groups}. "
        "-P normalize_labels=true merges them"
    )


def log_inputs(parts: Mapping[str, pd.DataFrame], content: str, source: DatasetSource, name: str) -> None:
    """Log the splits as MLflow datasets of the run, with the contexts training, validation and test.

    Their digests are of the ``content`` of all splits and of the source, since MLflow keeps only the first of datasets
    with the same name and digest: the same texts from elsewhere would be logged with the first one's source.
    """
    datasets: list[Dataset | None] = []
    for which, part in parts.items():
        known_by = text_digest(f"{content} {which} {source.to_json()}")[:8]  # as long as MLflow's own
        datasets.append(from_pandas(part, source=source, targets="label", name=name, digest=known_by))
    contexts: list[str | None] = [{"train": "training"}.get(split, split) for split in parts]
    for attempt in range(5):
        try:
            mlflow.log_inputs(datasets, contexts, [None] * len(datasets))
            return
        except MlflowException as error:
            # MLflow does not lock the table of datasets: another run may log the same one at this moment.
            if attempt == 4 or "unique" not in str(error).lower():
                raise
            time.sleep(0.1 * 2**attempt)


def summarize(corpus: str, location: str, found: Digest | None, dropped: Mapping[str, int]) -> str:
    """What was read and what was dropped, in Markdown."""
    shown = f"{location[:MOST_OF_LOCATION]}…" if len(location) > MOST_OF_LOCATION else location
    known = f"It is identified by its {found.of}." if found else "It has no digest, so it is read each time."
    return f"Corpus `{corpus}`, read from `{shown}`. {known}\n\nDropped: {describe_dropped(dropped)}"


def tabulate_splits(description: Mapping[str, Any]) -> str:
    """The splits in Markdown, a column each: documents, lengths, and the largest classes of the training split."""
    splits = description.values()
    rows = [["", *description], ["documents", *(str(part["documents"]) for part in splits)]]
    rows.append(["median words", *(f"{part['length_quantiles']['0.5']:.0f}" for part in splits)])
    training = description["train"]["classes"]
    largest = sorted(training, key=training.get, reverse=True)
    for label in largest[:NOTED_CLASSES]:
        rows.append([label, *(str(part["classes"].get(label, 0)) for part in splits)])
    more = len(largest) - NOTED_CLASSES
    return to_markdown(rows) + (f"\n\nand {more} more classes, in `{PROFILE}`" if more > 0 else "")
