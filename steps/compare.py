"""Choose the winner on the validation split and report every tuned model on the test split."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.entities import Run

from sentiment.artifacts import artifacts, log_parquet
from sentiment.corpora.labels import LABELLED_BY, TOGETHER
from sentiment.corpora.logged_datasets import get_datasets, log_model_metrics, use_datasets
from sentiment.corpora.splits import comparison_form
from sentiment.digests import text_digest
from sentiment.errors import UserError
from sentiment.evaluation.behaviour import Case
from sentiment.evaluation.behaviour.cases import build_cases
from sentiment.evaluation.behaviour.outcomes import failures_to_csv
from sentiment.evaluation.comparison import (
    EvaluatedModel,
    EvaluationData,
    digest_comparison,
    evaluate_ensemble,
    evaluate_model,
    rank_models,
    read_data,
    summarize_models,
    tabulate_predictions,
)
from sentiment.evaluation.metrics import figures_of
from sentiment.evaluation.pooling import MIN_DOCUMENTS, pool_families
from sentiment.evaluation.truth import summarize_truth
from sentiment.features.store import Features
from sentiment.markdown import escape_prose
from sentiment.model.text.language import looks_english
from sentiment.quality.check import read_check
from sentiment.registry.comparable_rows import training_texts
from sentiment.reports import images, plots, table, training_plots
from sentiment.reports.card import render_card
from sentiment.reports.searches import read_histories
from sentiment.runs import checked_run, log_run_metrics
from sentiment.search.packaging import can_be_member, log_ensemble
from sentiment.search.training_size import measure_training_sizes
from sentiment.search.trials import VALIDATION
from sentiment.tracking import (
    BEHAVIOUR_CASES,
    CLASSES,
    COMPARISON,
    COMPARISON_DIGEST,
    DATASET,
    DATASET_DIGEST,
    FEATURES,
    FEATURIZE_RUN,
    INGEST_RUN,
    MODEL_URI,
    NOTE,
    OUTPUT_DIGEST,
    PARENT,
    REVIEW_CARD,
    TEST_PREDICTIONS,
    TRUTH,
    WINNER,
    active_run,
    classes_tag,
    origin,
)
from sentiment.workflow.logged_parameters import parameters_of
from sentiment.workflow.parameters import CompareParameters, TuneParameters


def compare(parameters: CompareParameters, tune_runs: list[Run]) -> None:
    seed = parameters.seed
    featurize_run = find_featurize_run(tune_runs)
    ingest_run = checked_run(INGEST_RUN, origin(featurize_run).ingest_run, "ingest")
    use_datasets(ingest_run, "validation", "test")
    dataset = artifacts(ingest_run.info.run_id, DATASET)
    features = Features(artifacts(featurize_run.info.run_id, FEATURES), dataset)
    data = read_data(dataset, features)
    cases = build_cases(data.texts, data.classes, seed, parameters.behaviour)
    if not looks_english(data.texts):
        print("compare: the corpus does not look English, so behaviour tests in English are left out", flush=True)

    models = [evaluate_model(run, data, cases, parameters.metric) for run in tune_runs]
    if parameters.ensemble:
        models += make_ensemble(models, data, cases, parameters)
    models, choice = rank_models(parameters.choose, parameters.metric, parameters.margin, models, data)
    comparison = summarize_models(
        models, choice, measure_sizes(models, features), data, find_learned(dataset, data.test)
    )
    figures = plots.draw_comparison(comparison, models, data, read_histories(models))
    check = read_check(ingest_run, features.lengths, features.max_length)
    if features.lengths:
        figures["lengths"] = training_plots.draw_lengths(features.lengths, features.max_length)
    compare_run = mlflow.get_run(active_run().info.run_id)
    card = render_card(
        comparison,
        models,
        data,
        figures,
        compare_run=compare_run,
        ingest_run=ingest_run,
        check=check,
        registered_model=parameters.registered_model,
        seed=seed,
    )

    rows = comparison["rows"]
    mlflow.log_dict(comparison, COMPARISON)
    mlflow.log_table(pd.DataFrame(rows), "comparison_table.json")
    mlflow.log_dict(
        [  # type: ignore[arg-type]  # a list is JSON, too
            asdict(case) | {"failed_by": [model.family for model in models if model.failed[number]]}
            for number, case in enumerate(cases)
        ],
        BEHAVIOUR_CASES,
    )
    mlflow.log_text(failures_to_csv(cases, {model.family: model.failed for model in models}), "behaviour_failures.csv")
    log_parquet(tabulate_predictions(models, data), TEST_PREDICTIONS)
    mlflow.log_text(card, REVIEW_CARD)
    images.log_plots(figures)
    by_family = {f"{row['family']}.{key}": value for row in rows for key, value in figures_of(row).items()}
    log_run_metrics(by_family)
    test = get_datasets(ingest_run).get("test")
    for step, row in enumerate(reversed(rows)):  # the winner last: the run shows its metrics
        measured = figures_of(row)
        chosen_by = {key: measured.pop(key) for key in list(measured) if key.startswith(VALIDATION)}
        log_model_metrics(chosen_by, row["model_uri"], step=step)  # not of the validation split: see tune
        log_model_metrics(measured, row["model_uri"], test, step)
    verdict, digest = table.verdict(comparison), digest_comparison(models)
    mlflow.set_tags(
        {
            COMPARISON_DIGEST: digest,
            OUTPUT_DIGEST: text_digest(json.dumps([digest, choice["chosen"]])),  # what the card says, too
            WINNER: comparison["winner"],
            CLASSES: classes_tag(data.classes),
            INGEST_RUN: ingest_run.info.run_id,
            FEATURIZE_RUN: featurize_run.info.run_id,
            DATASET_DIGEST: origin(ingest_run).dataset_digest,
            **({TRUTH: truth} if (truth := summarize_truth(comparison["truth"])) else {}),
            NOTE: f"{escape_prose(verdict)}\n\n{table.markdown(comparison)}\n\n{table.lost_slices(comparison)}",
        }
    )
    in_chain = PARENT in compare_run.data.tags  # main prints it, even of a comparison that is reused
    report = "" if in_chain else table.console_report(comparison)
    print(f"compare: {len(data.test)} test documents{report}", flush=True)


def find_learned(dataset: Path, test: pd.DataFrame) -> np.ndarray | None:
    """Which test texts a labeler of the corpus was made from, or None for a corpus without labelers."""
    if LABELLED_BY not in test:
        return None
    givers = {*test[LABELLED_BY], *pd.read_parquet(dataset / "train.parquet", columns=[LABELLED_BY])[LABELLED_BY]}
    names = {name for giver in givers for name in giver.split(TOGETHER)}
    known: set[str] = set().union(*map(training_texts, names))
    return test["text"].map(comparison_form).isin(known).to_numpy()


def make_ensemble(
    models: Sequence[EvaluatedModel], data: EvaluationData, cases: Sequence[Case], parameters: CompareParameters
) -> list[EvaluatedModel]:
    """The ensemble of the families, logged and evaluated; none if it does not improve on one family."""
    able = {model.family: model for model in models if can_be_member(model.family, model.row["model_uri"])}
    if len(able) < 2:
        return []
    if (documents := len(data.choice_labels)) < MIN_DOCUMENTS:
        print(f"compare: no ensemble, since {documents} texts are too few for its weights", flush=True)
        return []
    on_choice = {family: model.on_choice for family, model in able.items()}
    pooling = pool_families(on_choice, data.choice_labels, parameters.seed)
    if len(pooling.weights) < 2:
        print(f"compare: no ensemble, since only {' '.join(pooling.weights)} has enough weight", flush=True)
        return []
    uri = log_ensemble({family: model.row["model_uri"] for family, model in able.items()}, pooling.weights)
    mlflow.set_tag(MODEL_URI, uri)
    return [evaluate_ensemble(uri, pooling, models, data, cases, parameters.metric)]


def measure_sizes(models: Sequence[EvaluatedModel], features: Features) -> dict[str, Any]:
    """Accuracy by training texts for the winner's family, or for an ensemble's fastest member to fit."""
    weights = models[0].weights
    members = [model for model in models if model.family in weights] or models[:1]
    model = min(members, key=lambda member: member.row["train_seconds"])
    (tune_run,) = model.tune_runs
    training = parameters_of(tune_run, TuneParameters).training()
    points = measure_training_sizes(tune_run, training, features, model.on_choice)
    return {"family": model.family, "points": points}


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
