"""Score the rows of a file or table of any size with a registered model, and keep their order."""

import gc
import time
from collections.abc import Callable
from pathlib import Path

import mlflow
from mlflow.data.meta_dataset import MetaDataset

from sentiment.corpora.labels import as_text
from sentiment.corpora.splits import comparison_form
from sentiment.corpora.stores import MAGIC, scheme_of
from sentiment.corpora.tables import SUFFIXES, FoundTable
from sentiment.corpora.tables.kinds import get_kind
from sentiment.corpora.tables.progress import follow
from sentiment.errors import UserError, optional_package
from sentiment.paths import place_name
from sentiment.registry.comparable_rows import training_texts
from sentiment.scoring.outputs import OutputKind, get_output
from sentiment.scoring.rows import Totals, open_input, texts_to_score
from sentiment.scoring.scored import ScoredRows
from sentiment.scoring.scorer import Scorer
from sentiment.tracking import MODEL, NOTE, metric_names
from sentiment.workflow.parameters import PredictParameters


def predict(parameters: PredictParameters, hold: Callable[[], None]) -> None:
    if not (parameters.input and parameters.output):
        raise UserError("predict needs input and output: -P input=reviews.csv -P output=scored.parquet")
    source, target = parameters.source, parameters.output
    kind = get_output(target)
    kind.check(target, source, parameters.overwrite)
    if parameters.engine == "spark":
        check_for_spark(parameters)
    found = get_kind(source).find(source)
    started = time.time()
    totals = score_on_spark(parameters) if parameters.engine == "spark" else score_here(parameters, found, kind, hold)
    seconds = time.time() - started

    by_label = {label: count for label, count in totals.by_label.items() if label is not None}
    rows, missed, version = totals.rows, totals.by_label[None], totals.version
    accuracy = {"accuracy": totals.correct / totals.labelled} if totals.labelled else {}
    dataset = MetaDataset(  # type: ignore[abstract]  # MLflow's own classes leave the profile out
        found.dataset_source(), name=place_name(source.address)
    )
    mlflow.log_input(dataset, context="scoring")
    others = sorted(by_label.keys() - set(totals.classes))  # of a model without class names
    names = metric_names([*totals.classes, *others])
    mlflow.log_metrics(
        {"rows": rows, "rows_not_scored": missed, "rows_per_second": rows / seconds, **accuracy}
        | {f"label.{names[label]}": count for label, count in by_label.items()}
    )
    shares = ", ".join(f"{count:,} {label}" for label, count in sorted(by_label.items()))
    summary = f"{rows - missed:,} of {rows:,} rows of {source.address} scored by {version}"
    summary += f": {shares}" if shares else ""
    if missed:
        summary += f". {missed:,} rows were not scored, the first because {totals.reason}; see the column reason"
    if accuracy:
        agrees = f"Accuracy {accuracy['accuracy']:.4f} on" if totals.correct else "The model predicts none of"
        summary += f". {agrees} the {totals.labelled:,} labels of the column {parameters.label_column}"
        if parameters.engine == "spark":
            summary += ", whether or not the model was trained on their texts"
        elif totals.known:
            summary += f", {totals.known:,} of which are labels of its training texts, so this is optimistic"
    mlflow.set_tags({MODEL: version, NOTE: f"{summary}. They are in `{kind.location(target)}`."})
    print(f"predict: {summary}. {target} took {seconds:.1f} s", flush=True)


def score_here(parameters: PredictParameters, found: FoundTable, kind: OutputKind, hold: Callable[[], None]) -> Totals:
    """Score in this process."""
    table = open_input(parameters.source, found)
    labelled = parameters.label_column in table.schema.names
    scorer = Scorer(parameters.model, parameters.probabilities)
    rows = ScoredRows(table.schema, scorer.columns)
    for name, now in rows.renamed.items():
        print(f"predict: column {name} of {parameters.input} is {now} in {parameters.output}", flush=True)
    gc.set_threshold(50_000, 20, 20)  # thousands of rows look like garbage: collecting it takes a tenth of the time
    totals = Totals(scorer.version, scorer.classes)
    known = training_texts(scorer.uri) if labelled else set()
    with kind.open_output(parameters.output, rows.schema) as output:
        for batch in follow(table, "predict"):
            hold()
            texts, missing = texts_to_score(table, batch)
            labels, *numbers, failed = scorer.score(texts)
            reasons = [before or now for before, now in zip(missing, failed)]
            output.write(rows.join(batch.columns, [labels, *numbers, reasons]))
            own = batch.values(parameters.label_column) if labelled else ()
            totals.add(labels, reasons, own)
            if known:
                totals.known += sum(
                    bool(text and as_text(label) and comparison_form(text) in known) for text, label in zip(texts, own)
                )
        hold()  # before the rows are kept
    return totals


def check_for_spark(parameters: PredictParameters) -> None:
    """Raise UserError if a cluster cannot do this."""
    if parameters.probabilities:
        raise UserError("probabilities=true does not work with engine=spark: leave out one of them")
    for address in (parameters.input, parameters.output):
        if scheme_of(address) or Path(address).suffix.lower() not in SUFFIXES:
            raise UserError(
                f"{address}: engine=spark reads and writes paths that end in {', '.join(SUFFIXES)}, uncompressed: give "
                "one, or leave out engine=spark"
            )
        if MAGIC & set(address) or Path(address).name[0] in "._":
            raise UserError(
                f"{address}: engine=spark takes one path, without * ? [ ], whose name does not begin with . or _: give "
                "one, or leave out engine=spark"
            )


def score_on_spark(parameters: PredictParameters) -> Totals:
    """Score on a Spark cluster, with the same result; the output is a folder, as Spark writes it."""
    with optional_package("engine=spark", "pyspark", "requirements-spark.txt"):
        from sentiment.scoring.spark import score
    return score(parameters.source, Path(parameters.output), parameters.model, parameters.spark_master)
