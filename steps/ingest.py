"""Read a corpus, drop duplicates, split it and log it as an MLflow dataset."""

import tempfile
import time
from pathlib import Path

import mlflow
from mlflow.data.sources import LocalArtifactDatasetSource
from mlflow.exceptions import MlflowException

from sentiment.corpora import profile
from sentiment.corpora.reading import read_corpus
from sentiment.corpora.splits import clean, digest, split
from sentiment.tracking import OUTPUT_DIGEST
from sentiment.workflow.parameters import IngestParameters


def ingest(parameters: IngestParameters) -> None:
    frame, source = read_corpus(parameters.corpus, parameters.text_column, parameters.label_column)
    kept, dropped = clean(frame)
    parts = split(kept, parameters.test_size, parameters.validation_size, parameters.seed, parameters.stratify)

    with tempfile.TemporaryDirectory() as folder:
        for name, part in parts.items():
            part.to_parquet(Path(folder) / f"{name}.parquet", index=False)
        mlflow.log_artifacts(folder, "dataset")
    log_inputs(parts, source, Path(parameters.corpus).stem)

    description = profile.describe(parts)
    mlflow.log_dict(description, "profile/profile.json")
    mlflow.log_figure(profile.plot(parts), "profile/profile.png")
    mlflow.log_table(profile.examples(parts["train"]), "profile/examples.json")
    mlflow.log_metrics(dropped | {f"documents_{name}": len(part) for name, part in parts.items()})
    content = digest(parts)
    classes = description["train"]["classes"]
    mlflow.set_tags(
        {
            "dataset.digest": content,
            OUTPUT_DIGEST: content,
            "mlflow.note.content": _note(parameters.corpus, source, description, dropped),
        }
    )
    print(
        f"ingest: {len(kept)} documents of {parameters.corpus} in {len(classes)} classes: "
        + ", ".join(f"{len(part)} {name}" for name, part in parts.items())
        + f" ({sum(dropped.values())} dropped)",
        flush=True,
    )


def log_inputs(parts, source, name):
    """Log the splits as the run's MLflow datasets, with the contexts training, validation and test."""
    datasets = [
        mlflow.data.from_pandas(part, source=LocalArtifactDatasetSource(source), targets="label", name=name)
        for part in parts.values()
    ]
    contexts = [{"train": "training"}.get(split, split) for split in parts]
    for attempt in range(5):
        try:
            mlflow.log_inputs(datasets, contexts, [None] * len(datasets))
            return
        except MlflowException as error:
            # Where another run logs the same dataset for the first time at this moment, MLflow does not see that it
            # is there until it is.
            if attempt == 4 or "unique" not in str(error).lower():
                raise
            time.sleep(0.1 * 2**attempt)


def _note(corpus, source, description, dropped):
    classes = list(description["train"]["classes"])
    rows = [
        f"| {name} | {part['documents']} | "
        + " | ".join(str(part["classes"][label]) for label in classes)
        + f" | {part['length_quantiles']['0.5']:.0f} |"
        for name, part in description.items()
    ]
    return "\n".join(
        [
            f"Corpus `{corpus}`, read from `{source}`.",
            "",
            f"| split | documents | {' | '.join(classes)} | median words |",
            "|---" * (len(classes) + 3) + "|",
            *rows,
            "",
            "Dropped: "
            + ", ".join(
                f"{count} {name.removeprefix('dropped_').replace('_', ' ')}" for name, count in dropped.items()
            ),
        ]
    )
