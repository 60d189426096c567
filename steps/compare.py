"""Choose the winner by the validation split and report every tuned model on the test split."""

import json
from dataclasses import asdict

import mlflow
import numpy as np
import pandas as pd
from mlflow.entities import Run

from sentiment.digests import text_digest
from sentiment.errors import UserError
from sentiment.evaluation import slices, statistics
from sentiment.evaluation.behaviour import report
from sentiment.evaluation.behaviour.perturbations import direction, invariance
from sentiment.evaluation.behaviour.templates import functionality
from sentiment.evaluation.behaviour.user_cases import own_cases
from sentiment.evaluation.choosing import choose
from sentiment.evaluation.measure import in_own_process, measure
from sentiment.evaluation.mistakes import confident_mistakes
from sentiment.features.store import Features
from sentiment.model import families
from sentiment.reports import card, page, plots, table
from sentiment.search.trials import VALIDATION_PREDICTIONS
from sentiment.tracking import OUTPUT_DIGEST, artifacts, checked_run, log_parquet
from sentiment.workflow.parameters import CompareParameters

EPOCH_METRICS = ("loss", "accuracy", "val_loss", "val_accuracy")


def compare(parameters: CompareParameters, tune_runs: list[Run]) -> None:
    tuned = list(tune_runs)
    featurize_run = features_of(tuned)
    ingest_run = checked_run("ingest_run", featurize_run.data.tags["ingest_run"], "ingest")
    classes = Features(artifacts(featurize_run.info.run_id, "features")).classes
    dataset = artifacts(ingest_run.info.run_id, "dataset")
    test, validation = (pd.read_parquet(dataset / f"{split}.parquet") for split in ("test", "validation"))
    labels, known = (part["label"].map(classes.index).to_numpy() for part in (test, validation))
    texts = test["text"].tolist()
    cases = behaviour_cases(parameters, texts, classes)
    asked = {
        "test": texts,
        "behaviour": [text for case in cases for text in case.texts],
    }

    rows, probabilities, before, failed, by_capability = [], {}, {}, {}, {}
    for run in tuned:
        family = run.data.tags["family"]
        wanted = run.data.tags["model_uri"], asked, labels, parameters.seed
        apart = families.needs_own_process(family)
        measured = in_own_process(measure, *wanted) if apart else measure(*wanted)
        failed[family] = report.failures(cases, measured.probabilities["behaviour"], classes)
        by_capability[family] = report.by_capability(cases, failed[family])
        rows.append(
            {
                "family": family,
                "validation_accuracy": run.data.metrics["validation_accuracy"],
                "validation_log_loss": run.data.metrics["validation_log_loss"],
                **measured.row,
                "behaviour_failure_rate": float(np.mean([row["failure_rate"] for row in by_capability[family]])),
                "train_seconds": run.data.metrics["train_seconds"],
                "tune_run": run.info.run_id,
                "model_uri": run.data.tags["model_uri"],
            }
        )
        probabilities[family] = measured.probabilities["test"]
        # Not asked again: a model that was fitted once more, on both splits, has seen these texts.
        predicted = pd.read_parquet(artifacts(run.info.run_id, VALIDATION_PREDICTIONS)).to_numpy()
        before[family] = predicted.argmax(axis=1) == known
    # The winner is chosen by the validation split; the test split is reported on.
    rows, reason = choose(parameters.choose, rows, before)
    winner = rows[0]["family"]
    # Everything that is drawn has the families in this order, and so the same colours.
    places = [row["family"] for row in rows]
    tuned.sort(key=lambda run: places.index(run.data.tags["family"]))
    probabilities, by_capability = ({name: found[name] for name in places} for found in (probabilities, by_capability))
    correct = {row["family"]: probabilities[row["family"]].argmax(axis=1) == labels for row in rows}
    pairs = statistics.compared(correct, parameters.seed)
    by_slice = slices.by_slice(correct, slices.slices(texts, labels, classes))
    comparison = {
        "winner": winner,
        "chosen": reason,
        "test_documents": len(test),
        "rows": rows,
        "pairs": pairs,
        "pareto_front": {cost: statistics.pareto_front(rows, cost) for cost in ("latency_ms_p50", "model_bytes")},
        "slices": by_slice,
        "lost_slices": slices.lost(by_slice, winner),
        "behaviour": by_capability,
    }

    figures = {
        "accuracy": plots.accuracy_intervals(rows),
        "accuracy_and_cost": plots.accuracy_and_cost(rows, comparison["pareto_front"]),
        "behaviour": plots.failure_rates(by_capability),
        "calibration": plots.reliability(labels, probabilities),
        "learning_curves": plots.learning_curves(histories(tuned)),
        "roc_and_precision_recall": plots.curves(labels, probabilities),
    } | {
        f"confusion_{family}": plots.confusion(labels, found, classes, f"{family}, test split")
        for family, found in probabilities.items()
    }

    mlflow.log_dict(comparison, "comparison.json")
    mlflow.log_table(pd.DataFrame(rows), "comparison_table.json")
    mlflow.log_dict([asdict(case) for case in cases], "behaviour_cases.json")
    log_predictions(test, classes, probabilities)
    mlflow.log_text(report.failures_csv(cases, failed), "behaviour_failures.csv")
    for name, figure in figures.items():
        mlflow.log_figure(figure, f"plots/{name}.png")
    for row in rows:
        numbers = {key: value for key, value in row.items() if isinstance(value, (int, float))}
        mlflow.log_metrics({f"{row['family']}.{key}": value for key, value in numbers.items()})
    mlflow.log_text(review_card(parameters, comparison, figures, tuned, ingest_run, test, probabilities), "review.html")
    said = table.verdict(comparison)
    mlflow.set_tags(
        {
            OUTPUT_DIGEST: content_of(tuned, rows),
            "winner": winner,
            "classes": json.dumps(classes),
            "ingest_run": ingest_run.info.run_id,
            "dataset.digest": ingest_run.data.tags["dataset.digest"],
            "mlflow.note.content": f"{said}\n\n{table.markdown(rows)}\n\n{table.lost_slices(comparison)}",
        }
    )
    print(f"compare: {len(test)} test documents\n\n{table.console(rows)}\n\n{said}", flush=True)


def log_predictions(test, classes, probabilities):
    """Log what each family says of each test document, its texts with them: columns NAME.label and NAME.score."""
    table = test.copy()
    for family, found in probabilities.items():
        table[f"{family}.label"] = np.array(classes, dtype=object)[found.argmax(axis=1)]
        table[f"{family}.score"] = found.max(axis=1)
    log_parquet(table, "test_predictions.parquet")


def behaviour_cases(parameters, texts, classes):
    """The behaviour tests of these texts and classes, a user's own among them."""
    cases = functionality() + invariance(texts, parameters.seed) + direction(texts, parameters.seed)
    own = own_cases(parameters.behaviour, classes) if parameters.behaviour else []
    return report.applicable(cases, classes) + own


def review_card(parameters, comparison, figures, tuned, ingest_run, test, probabilities):
    """The page from which the winner can be reviewed."""
    winner, rows = comparison["winner"], comparison["rows"]
    data = card.data(ingest_run)
    classes = list(data["parts"]["train"]["classes"])
    texts, labels = test["text"].tolist(), test["label"].map(classes.index).to_numpy()
    found = probabilities[winner]
    champion, no_champion = card.champion(
        parameters.registered_model, ingest_run, texts, labels, found, classes, parameters.seed
    )
    apart = families.needs_own_process(winner)
    return card.render(
        winner=winner,
        comparison=comparison,
        classes=classes,
        families=[row["family"] for row in rows],
        data=data,
        searches=[card.search(run) for run in tuned],
        table=table.cells(rows),
        pairs=comparison["pairs"],
        slices=comparison["slices"],
        lost=comparison["lost_slices"],
        behaviour=comparison["behaviour"][winner],
        mistakes=confident_mistakes(rows[0]["model_uri"], texts, labels, found, classes, apart),
        champion=champion,
        no_champion=no_champion,
        how=card.how(mlflow.get_run(mlflow.active_run().info.run_id), tuned, parameters.seed),
        plots={
            "learning_curves": page.as_image(figures["learning_curves"]),
            "accuracy": page.as_image(figures["accuracy"]),
            "curves": page.as_image(figures["roc_and_precision_recall"]),
            "confusion": page.as_image(figures[f"confusion_{winner}"]),
            "reliability": page.as_image(figures["calibration"]),
            "behaviour": page.as_image(figures["behaviour"]),
            "cost": page.as_image(figures["accuracy_and_cost"]),
        },
    )


def features_of(tuned):
    """The featurize run that all models were tuned on, or one of several that have the same content."""
    runs = [checked_run("featurize_run", run.data.tags["featurize_run"], "featurize") for run in tuned]
    contents = {
        tuple(run.data.tags.get(tag, run.info.run_id) for tag in ("dataset.digest", OUTPUT_DIGEST)) for run in runs
    }
    if len(contents) > 1:
        ids = ", ".join(sorted({run.info.run_id for run in runs}))
        raise UserError(f"the tune runs were made of different features ({ids}): tune them on one featurize_run")
    return runs[0]


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
    kept = (
        "family",
        "behaviour_failure_rate",
        "validation_accuracy",
        "test_accuracy",
        "f1_macro",
        "roc_auc",
        "log_loss",
    )
    fitted = {run.data.tags["family"]: run.data.tags.get(OUTPUT_DIGEST) for run in tuned}
    return text_digest(
        json.dumps([[fitted[row["family"]] for row in rows], [[row[key] for key in kept] for row in rows]])
    )
