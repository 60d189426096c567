"""Score the texts of a file with a registered model, row by row in their order, however large the file is."""

import gc
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import mlflow
from mlflow.data.meta_dataset import MetaDataset
from mlflow.data.sources import LocalArtifactDatasetSource
from tqdm import tqdm

from sentiment.errors import UserError
from sentiment.evaluation.metrics import metric_name
from sentiment.scoring.rows import Rows, kind_of
from sentiment.scoring.scored import INPUT, ScoredFile, check_output
from sentiment.scoring.scorer import Scorer
from sentiment.workflow.parameters import PredictParameters


def predict(parameters: PredictParameters, hold: Callable[[], None]) -> None:
    if not (parameters.input and parameters.output):
        raise UserError("predict needs input and output: -P input=reviews.csv -P output=scored.parquet")
    source, target = Path(parameters.input), Path(parameters.output)
    kind_of("output", target)
    check_output(target, source, parameters.overwrite)
    started = time.time()
    if parameters.engine == "spark":
        counts, first, version = on_spark(parameters, source, target)
    else:
        counts, first, version = here(parameters, source, target, hold)
    seconds = time.time() - started

    rows, missed = sum(counts.values()), counts.pop(None, 0)
    mlflow.log_input(
        MetaDataset(LocalArtifactDatasetSource(str(source.resolve())), name=source.stem), context="scoring"
    )
    mlflow.log_metrics(
        {"rows": rows, "rows_not_scored": missed, "rows_per_second": rows / seconds}
        | {f"label.{metric_name(label)}": count for label, count in counts.items()}
    )
    shares = ", ".join(f"{count:,} {label}" for label, count in sorted(counts.items()))
    said = f"{rows - missed:,} of {rows:,} rows of {source} scored by {version}: {shares}"
    if missed:
        said += f". {missed:,} not, the first because {first}; column reason says why"
    mlflow.set_tags({"model": version, "mlflow.note.content": f"{said}. They are in `{target.resolve()}`."})
    print(f"predict: {said}. {target} took {seconds:.1f} s", flush=True)


def here(parameters, source, target, hold):
    """Score in this process; returns rows by label (None: not scored), the first reason for that, and the model."""
    rows = Rows(source, parameters.text_column)
    scorer = Scorer(parameters.model)
    file = ScoredFile(target, rows.schema)
    for name in file.renamed:
        print(f"predict: column {name} of {source} is {INPUT}{name} in {target}", flush=True)
    gc.set_threshold(50_000, 20, 20)  # rows by the thousand look like garbage that piles up: a tenth of the time
    counts, first = Counter(), None
    every = 0.1 if sys.stderr.isatty() else 10.0  # seconds; where it is kept, a line is a line
    bar = tqdm(desc="predict", total=rows.total, unit=rows.unit, unit_scale=True, mininterval=every, file=sys.stderr)
    with bar, file:
        for batch in rows:
            hold()
            labels, scores, failed = scorer.score(batch.texts)
            reasons = [before or now for before, now in zip(batch.reasons, failed)]
            file.write(batch.columns, labels, scores, reasons)
            counts.update(labels)
            first = first or next(
                (
                    f"{reason} (row {sum(counts.values()) - len(labels) + place})"
                    for place, reason in enumerate(reasons, start=1)
                    if reason
                ),
                None,
            )
            bar.update(batch.done - bar.n)
    return counts, first, scorer.version


def on_spark(parameters, source, target):
    """The same on a Spark cluster; the output is a folder, as Spark writes it."""
    try:
        from sentiment.scoring.spark import score
    except ModuleNotFoundError as missing:
        raise UserError("engine=spark needs pyspark: pip install -r requirements-spark.txt") from missing
    return score(parameters, source, target)
