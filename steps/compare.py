"""Choose the winner by the validation split and report every tuned model on the test split."""

import json
from collections.abc import Sequence
from dataclasses import asdict

import mlflow
import pandas as pd
from mlflow.entities import Run

from sentiment.errors import UserError
from sentiment.evaluation.behaviour.cases import build_cases
from sentiment.evaluation.behaviour.report import failures_to_csv
from sentiment.evaluation.comparison import (
    digest_comparison,
    evaluate_model,
    rank_models,
    read_data,
    summarize_models,
    tabulate_predictions,
)
from sentiment.features.store import Features
from sentiment.reports import plots, table
from sentiment.reports.card import render_card
from sentiment.reports.searches import read_histories
from sentiment.tracking import (
    BEHAVIOUR_CASES,
    CLASSES,
    COMPARISON,
    DATASET,
    DATASET_DIGEST,
    FEATURES,
    INGEST_RUN,
    NOTE,
    OUTPUT_DIGEST,
    TEST_PREDICTIONS,
    WINNER,
    active_run,
    artifacts,
    checked_run,
    log_parquet,
    origin,
)
from sentiment.workflow.parameters import CompareParameters


def compare(parameters: CompareParameters, tune_runs: list[Run]) -> None:
    seed = parameters.seed
    featurize_run = find_featurize_run(tune_runs)
    ingest_run = checked_run(INGEST_RUN, origin(featurize_run).ingest_run, "ingest")
    features = Features(artifacts(featurize_run.info.run_id, FEATURES))
    data = read_data(artifacts(ingest_run.info.run_id, DATASET), features)
    cases = build_cases(data.texts, data.classes, seed, parameters.behaviour)

    models = [evaluate_model(run, data, cases, parameters.metric) for run in tune_runs]
    models, choice = rank_models(parameters.choose, parameters.metric, parameters.margin, models, data)
    comparison = summarize_models(models, choice, data)
    figures = plots.draw_comparison(comparison, models, data, read_histories([model.tune_run for model in models]))
    card = render_card(
        comparison,
        models,
        data,
        figures,
        compare_run=mlflow.get_run(active_run().info.run_id),
        ingest_run=ingest_run,
        registered_model=parameters.registered_model,
        seed=seed,
    )

    rows = comparison["rows"]
    mlflow.log_dict(comparison, COMPARISON)
    mlflow.log_table(pd.DataFrame(rows), "comparison_table.json")
    mlflow.log_dict([asdict(case) for case in cases], BEHAVIOUR_CASES)  # type: ignore[arg-type]  # a list is JSON, too
    mlflow.log_text(failures_to_csv(cases, {model.family: model.failed for model in models}), "behaviour_failures.csv")
    log_parquet(tabulate_predictions(models, data), TEST_PREDICTIONS)
    mlflow.log_text(card, "review.html")
    for name, figure in figures.items():
        mlflow.log_figure(figure, f"plots/{name}.png")
    for row in rows:
        numbers = {key: value for key, value in row.items() if isinstance(value, (int, float))}
        mlflow.log_metrics({f"{row['family']}.{key}": value for key, value in numbers.items()})
    verdict = table.verdict(comparison)
    mlflow.set_tags(
        {
            OUTPUT_DIGEST: digest_comparison(models),
            WINNER: comparison["winner"],
            CLASSES: json.dumps(data.classes),
            INGEST_RUN: ingest_run.info.run_id,
            DATASET_DIGEST: origin(ingest_run).dataset_digest,
            NOTE: f"{verdict}\n\n{table.markdown(comparison)}\n\n{table.lost_slices(comparison)}",
        }
    )
    print(f"compare: {len(data.test)} test documents\n\n{table.console(comparison)}\n\n{verdict}", flush=True)


def find_featurize_run(tune_runs: Sequence[Run]) -> Run:
    """The featurize run that all models were tuned on, or one of several with the same content.

    Raises:
        UserError: the models were tuned on different features.
    """
    runs = [checked_run("featurize_run", origin(run).featurize_run, "featurize") for run in tune_runs]
    contents = {
        tuple(run.data.tags.get(tag, run.info.run_id) for tag in (DATASET_DIGEST, OUTPUT_DIGEST)) for run in runs
    }
    if len(contents) > 1:
        ids = ", ".join(sorted({run.info.run_id for run in runs}))
        raise UserError(f"the tune runs are based on different features ({ids}): tune them on one featurize_run")
    return runs[0]
