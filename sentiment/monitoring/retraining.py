"""Retraining, as the champion was trained, with the labels of a batch."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.entities.model_registry import ModelVersion

from sentiment.artifacts import artifacts, log_parquet
from sentiment.corpora.labels import CORRECTED, HUMAN, LABELLED_BY
from sentiment.corpora.splits import comparison_form
from sentiment.monitoring.reference import Champion
from sentiment.runs import checked_run
from sentiment.tracking import GATE_TERMS, MAIN_RUN, active_run
from sentiment.workflow.command_line import format_value
from sentiment.workflow.launch import launch
from sentiment.workflow.logged_parameters import given_parameters
from sentiment.workflow.parameters import MainParameters


def retrain(champion: Champion, batch: pd.DataFrame, hold: Callable[[], None]) -> None:
    """Run main as for the champion, on its corpus with the labelled texts of a batch added.

    These may be texts that it was trained on: people may have labelled them since, and the batch's label is newer.
    """
    dataset = read_dataset(champion.dataset)
    kept, labelled, new = replace_labels(select_human_labels(dataset), batch[batch["label"].notna()])
    log_parquet(pd.concat([kept, labelled], ignore_index=True), "retrain/corpus.parquet")
    corpus = artifacts(active_run().info.run_id, "retrain/corpus.parquet")
    earlier = read_main_parameters(champion.version)
    for name in ("query", "corrections"):  # the splits include their results
        earlier.pop(name, None)
    corrected = select_corrected_labels(dataset)
    corrected = corrected[corrected["text"].isin(kept["text"])]
    if not corrected.empty:
        log_parquet(corrected, "retrain/corrections.parquet")
        earlier["corrections"] = str(artifacts(active_run().info.run_id, "retrain/corrections.parquet"))
    replaced = len(dataset) - len(kept)
    relabelled = f" ({replaced} of them with the label of the batch)" if replaced else ""
    print(f"monitor: retraining on {len(dataset)} texts{relabelled} and {new} new ones", flush=True)
    hold()
    launch(
        "main",
        earlier
        | {
            "corpus": str(corpus),
            "text_column": "text",
            "label_column": "label",
            "registered_model": champion.version.name,
            "force": "false",
            "fail_on_gate": "false",
        },
    )


def replace_labels(corpus: pd.DataFrame, batch: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """The rows of a corpus that a labelled batch does not replace, the batch's rows, and the number of its new texts.

    A text of the batch replaces the same one in the corpus, whose label is older, and takes its split and its slice.
    The split of a new text is train; it only matters for ``splits=source``. Texts are compared as by the gate.
    """
    keys, batch_keys = corpus["text"].map(comparison_form), batch["text"].map(comparison_form)
    places = corpus.drop(columns=["text", "label"]).groupby(keys).first()
    labelled = batch[["text", "label"]].join(places, on=batch_keys).fillna({"split": "train"})
    return corpus[~keys.isin(batch_keys)], labelled, batch_keys[~batch_keys.isin(keys)].nunique()


def read_main_parameters(version: ModelVersion) -> dict[str, Any]:
    """The parameters of the main run that registered a version; those of its gate if register was run by hand."""
    if main_run := version.tags.get(MAIN_RUN):
        return dict(given_parameters(checked_run(MAIN_RUN, main_run, "main", ended=False), MainParameters))
    terms: dict[str, Any] = json.loads(version.tags.get(GATE_TERMS, "{}"))
    known = {name: value for name, value in terms.items() if name in MainParameters.model_fields and value != ""}
    listed = ", ".join(f"{name}={format_value(value)}" for name, value in known.items()) or "none"
    print(
        f"monitor: {version.name} version {version.version} was not registered by a main run, so only the parameters "
        f"of its gate are known ({listed}): all others, such as families and require_review, have their defaults",
        flush=True,
    )
    return known


def read_dataset(dataset: Path) -> pd.DataFrame:
    """The splits of a dataset, named in the column split."""
    files = sorted(dataset.glob("*.parquet"))
    return pd.concat([pd.read_parquet(file).assign(split=file.stem) for file in files], ignore_index=True)


def select_human_labels(dataset: pd.DataFrame) -> pd.DataFrame:
    """The texts and their human labels; empty for labelers' labels, since they will label these texts again."""
    if LABELLED_BY in dataset:
        dataset = dataset.assign(label=dataset["label"].where(dataset[LABELLED_BY] == HUMAN, ""))
    return dataset[[name for name in ("text", "label", "split", "slice") if name in dataset]]


def select_corrected_labels(dataset: pd.DataFrame) -> pd.DataFrame:
    """The texts with labels of labelers that people corrected, and these labels; none if all labels are human."""
    corrected = dataset[dataset[LABELLED_BY] == CORRECTED] if LABELLED_BY in dataset else dataset[:0]
    return corrected[["text", "label"]]
