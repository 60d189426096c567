"""Choose the winner by validation accuracy and report every tuned model on the test split."""

import json

import mlflow
import pandas as pd

from steps.evaluation import plots, table
from steps.evaluation.measure import measure
from steps.features.store import Features
from steps.workflow.errors import UserError
from steps.workflow.fingerprint import OUTPUT_DIGEST, text_digest
from steps.workflow.step import run_step
from steps.workflow.upstream import artifacts, checked_run, finished_runs, upstream_run

EPOCH_METRICS = ("loss", "accuracy", "val_loss", "val_accuracy")


def compare(parameters):
    tuned = tuned_runs(parameters.tune_runs)
    featurize_run = upstream_run("featurize_run", the_same(tuned, "featurize_run"), "featurize")
    ingest_run = upstream_run("ingest_run", featurize_run.data.tags["ingest_run"], "ingest")
    classes = Features(artifacts(featurize_run.info.run_id, "features")).classes
    test = pd.read_parquet(artifacts(ingest_run.info.run_id, "dataset/test.parquet"))
    labels = test["label"].map(classes.index).to_numpy()

    # The winner is known before the test split is looked at.
    tuned.sort(key=lambda run: (-run.data.metrics["validation_accuracy"], run.data.metrics["validation_log_loss"]))
    winner = tuned[0].data.tags["family"]
    rows, probabilities = [], {}
    for run in tuned:
        family = run.data.tags["family"]
        measured = measure(run.data.tags["model_uri"], test["text"].tolist(), labels, parameters.seed)
        rows.append(
            {
                "family": family,
                "validation_accuracy": run.data.metrics["validation_accuracy"],
                **measured.row,
                "train_seconds": run.data.metrics["train_seconds"],
                "tune_run": run.info.run_id,
                "model_uri": run.data.tags["model_uri"],
            }
        )
        probabilities[family] = measured.probabilities

    mlflow.log_dict({"winner": winner, "test_documents": len(test), "rows": rows}, "comparison.json")
    mlflow.log_table(pd.DataFrame(rows), "comparison_table.json")
    mlflow.log_figure(plots.accuracy_intervals(rows), "plots/accuracy.png")
    mlflow.log_figure(plots.curves(labels, probabilities), "plots/roc_and_precision_recall.png")
    mlflow.log_figure(plots.learning_curves(histories(tuned)), "plots/learning_curves.png")
    for family, of_family in probabilities.items():
        title = f"{family}, test split"
        mlflow.log_figure(plots.confusion(labels, of_family, classes, title), f"plots/confusion_{family}.png")
    for row in rows:
        figures = {key: value for key, value in row.items() if isinstance(value, (int, float))}
        mlflow.log_metrics({f"{row['family']}.{key}": value for key, value in figures.items()})
    mlflow.set_tags(
        {
            OUTPUT_DIGEST: content_of(tuned, rows),
            "winner": winner,
            "ingest_run": ingest_run.info.run_id,
            "dataset.digest": ingest_run.data.tags["dataset.digest"],
            "mlflow.note.content": f"{table.verdict(rows)}\n\n{table.markdown(rows)}",
        }
    )
    print(f"compare: {len(test)} test documents\n\n{table.console(rows)}\n\n{table.verdict(rows)}", flush=True)


def tuned_runs(run_ids):
    """The tune runs to compare, one a family: those given, or each family's latest on the latest run's features."""
    if run_ids:
        runs = [checked_run("tune_runs", run_id, "tune") for run_id in run_ids]
    else:
        finished = finished_runs("tune")
        if not finished:
            raise UserError(
                "there is no finished tune run to compare: run `mlflow run . -e tune -P family=simple` first"
            )
        same = [run for run in finished if run.data.tags["featurize_run"] == finished[0].data.tags["featurize_run"]]
        runs = list({run.data.tags["family"]: run for run in reversed(same)}.values())
    families = [run.data.tags["family"] for run in runs]
    twice = {family for family in families if families.count(family) > 1}
    if twice:
        raise UserError(f"tune_runs has two runs of {', '.join(sorted(twice))}: expected one tune run for each family")
    return runs


def the_same(runs, tag):
    """The value of a tag that all runs must agree on; models of different features cannot be compared."""
    values = sorted({run.data.tags[tag] for run in runs})
    if len(values) > 1:
        raise UserError(f"the tune runs were made of different features ({', '.join(values)}): tune them on one {tag}")
    return values[0]


def histories(tuned):
    """Figures by epoch of each family's best trial: family to metric to a list of (epoch, value)."""
    client = mlflow.MlflowClient()
    return {
        run.data.tags["family"]: {
            key: [(point.step, point.value) for point in client.get_metric_history(run.data.tags["best_trial"], key)]
            for key in EPOCH_METRICS
        }
        for run in tuned
    }


def content_of(tuned, rows):
    """Digest of a comparison: the models, the winner first, and their figures without what a clock measured."""
    kept = ("family", "validation_accuracy", "test_accuracy", "f1_macro", "roc_auc", "log_loss")
    models = [run.data.tags.get(OUTPUT_DIGEST) for run in tuned]
    return text_digest(json.dumps([models, [[row[key] for key in kept] for row in rows]]))


if __name__ == "__main__":
    run_step("compare", compare)
