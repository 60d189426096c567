"""Compare tuned models: each is evaluated on the test split, and the validation split decides which one wins."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.entities import Run

from sentiment.artifacts import artifacts
from sentiment.corpora.labels import LABELLED_BY
from sentiment.digests import text_digest
from sentiment.errors import UserError
from sentiment.evaluation import slices, statistics
from sentiment.evaluation.behaviour import Case, outcomes
from sentiment.evaluation.choosing import choose
from sentiment.evaluation.measure import in_process_for, measure, score_test_split
from sentiment.evaluation.metrics import log_loss, scores
from sentiment.evaluation.pooling import Pooling
from sentiment.evaluation.truth import describe_truth
from sentiment.features.store import Features
from sentiment.model.ensemble import pool
from sentiment.model.families import ENSEMBLE
from sentiment.tracking import OUTPUT_DIGEST, SEARCH_TEXTS, VALIDATION_PREDICTIONS, origin

MAJORITY = "majority class"
COSTS = ("latency_ms_p50", "model_bytes")


@dataclass(frozen=True)
class EvaluationData:
    """Data to compare models on.

    Args:
        test: DataFrame with the columns id, text and label, slice if the corpus has slices, and those of
            :mod:`sentiment.corpora.labels` if it has weak labels.
        classes: class names.
        labels: int array of shape (test documents,), positions in the classes.
        choice_labels: the same for the half of the validation split that selects families.
        class_shares: shares of the classes in the training split, float array of shape (classes,).
    """

    test: pd.DataFrame
    classes: list[str]
    labels: np.ndarray
    choice_labels: np.ndarray
    class_shares: np.ndarray

    @property
    def texts(self) -> list[str]:
        return self.test["text"].tolist()


@dataclass(frozen=True)
class EvaluatedModel:
    """A tuned model, or an ensemble of several, evaluated.

    Args:
        tune_runs: the run of its search, or of each member's.
        row: its row of comparison.json.
        probabilities: float64 array of shape (test documents, classes).
        on_behaviour: float64 array of shape (texts of the behaviour cases, classes).
        on_choice: float64 array of shape (choice labels, classes).
        failed: bool array of shape (behaviour cases,).
        behaviour: its failures by capability.
    """

    tune_runs: Sequence[Run]
    row: dict[str, Any]
    probabilities: np.ndarray
    on_behaviour: np.ndarray
    on_choice: np.ndarray
    failed: np.ndarray
    behaviour: list[dict[str, Any]]

    @property
    def family(self) -> str:
        return self.row["family"]

    @property
    def weights(self) -> dict[str, float]:
        """Of an ensemble's members; empty for a tuned model."""
        return self.row.get("weights", {})


def read_data(dataset: Path, features: Features) -> EvaluationData:
    """Read the test split from a dataset's folder, and the labels from its features."""
    train, choice, test = (np.array(features.labels(split)) for split in ("train", "choice", "test"))
    texts = pd.read_parquet(dataset / "test.parquet")
    return EvaluationData(texts, features.classes, test, choice, np.bincount(train) / len(train))


def evaluate_model(tune_run: Run, data: EvaluationData, cases: Sequence[Case], metric: str) -> EvaluatedModel:
    """Evaluate the best model of a search on the test split and the behaviour cases, and on the validation split.

    Args:
        tune_run: the run of the search.
        data: the splits.
        cases: the behaviour cases.
        metric: what the winner is chosen by.
    """
    found = origin(tune_run)
    # Predictions that the search has logged: a model that was fitted again has seen the validation split.
    on_choice = pd.read_parquet(artifacts(tune_run.info.run_id, VALIDATION_PREDICTIONS)).to_numpy()
    logged = tune_run.data.metrics.get("validation_log_loss", np.nan)
    labels = data.choice_labels
    if len(on_choice) != len(labels) or not np.isclose(log_loss(labels, on_choice), logged):
        run_id = tune_run.info.run_id
        raise UserError(f"tune run {run_id} predates the present halves of the validation split: tune again")
    return _evaluate(found.family, found.model_uri, [tune_run], on_choice, None, data, cases, metric)


def evaluate_ensemble(
    model_uri: str,
    pooling: Pooling,
    models: Sequence[EvaluatedModel],
    data: EvaluationData,
    cases: Sequence[Case],
    metric: str,
) -> EvaluatedModel:
    """:func:`evaluate_model` for the logged ensemble of some of these models.

    Its members' predictions are reused: only its speed and size are measured.
    """
    members = [model for model in models if model.family in pooling.weights]
    weights = [pooling.weights[model.family] for model in members]
    pooled = {
        "test": pool(np.array([model.probabilities for model in members]), weights),
        "behaviour": pool(np.array([model.on_behaviour for model in members]), weights),
    }
    tune_runs = [run for model in members for run in model.tune_runs]
    evaluated = _evaluate(ENSEMBLE, model_uri, tune_runs, pooling.probabilities, pooled, data, cases, metric)
    return replace(evaluated, row=evaluated.row | {"weights": pooling.weights})


def _evaluate(
    family: str,
    model_uri: str,
    tune_runs: Sequence[Run],
    on_choice: np.ndarray,
    known: Mapping[str, np.ndarray] | None,
    data: EvaluationData,
    cases: Sequence[Case],
    metric: str,
) -> EvaluatedModel:
    texts = {"test": data.texts, "behaviour": [text for case in cases for text in case.texts]}
    measured = in_process_for(family, measure, model_uri, texts, data.labels, known)
    on_test, on_behaviour = (measured.probabilities[name] for name in texts)
    failed = outcomes.find_failures(cases, on_behaviour, data.classes)
    behaviour = outcomes.summarize_by_capability(cases, failed)
    figures = scores(data.choice_labels, on_choice)
    row = {
        "family": family,
        **{f"validation_{name}": figures[name] for name in ("accuracy", "log_loss", metric)},
        **measured.row,
        "behaviour_failure_rate": outcomes.mean_failure_rate(behaviour),
        "train_seconds": sum(run.data.metrics["train_seconds"] for run in tune_runs),
        "tune_run": ",".join(run.info.run_id for run in tune_runs),
        "model_uri": model_uri,
    }
    sampled = [run.data.metrics[SEARCH_TEXTS] for run in tune_runs if SEARCH_TEXTS in run.data.metrics]
    if sampled:
        row[SEARCH_TEXTS] = int(min(sampled))
    return EvaluatedModel(tune_runs, row, on_test, on_behaviour, on_choice, failed, behaviour)


def rank_models(
    rule: str, metric: str, margin: float, models: Sequence[EvaluatedModel], data: EvaluationData
) -> tuple[list[EvaluatedModel], dict[str, Any]]:
    """The models, the winner first, and the choice as in comparison.json (:func:`choose`)."""
    by_family = {model.family: model for model in models}
    probabilities = {model.family: model.on_choice for model in models}
    rows, reason, lead = choose(
        rule, metric, margin, [model.row for model in models], data.choice_labels, probabilities
    )
    choice = {"chosen": reason, "metric": metric, "lead": lead, "choice_documents": len(data.choice_labels)}
    return [by_family[row["family"]] for row in rows], choice


def summarize_models(
    models: Sequence[EvaluatedModel],
    choice: Mapping[str, Any],
    sizes: Mapping[str, Any],
    data: EvaluationData,
    learned: np.ndarray | None = None,
) -> dict[str, Any]:
    """The content of comparison.json.

    Args:
        models: the models, the winner first.
        choice: why it won, from :func:`rank_models`.
        sizes: a family and the accuracies that it reaches with fewer training texts.
        data: what they were evaluated on.
        learned: which test documents a labeler of the corpus was made from; None: none.
    """
    rows = [model.row for model in models]
    correct = {model.family: model.probabilities.argmax(axis=1) == data.labels for model in models}
    found = slices.find_slices(
        data.texts, data.labels, data.classes, data.test.get("slice", ()), data.test.get(LABELLED_BY, ())
    )
    accuracies = slices.slice_accuracies(correct, found)
    winner = models[0].family
    return {
        "winner": winner,
        **choice,
        "test_documents": len(data.test),
        "truth": describe_truth(data.test, correct, learned),
        "rows": rows,
        "baseline": evaluate_majority(data, correct[winner]),
        "pairs": statistics.compare_pairs(correct),
        "pareto_front": {cost: statistics.pareto_front(rows, cost) for cost in COSTS},
        "slices": accuracies,
        "lost_slices": slices.find_lost_slices(accuracies, winner),
        "behaviour": {model.family: model.behaviour for model in models},
        "training_sizes": sizes,
    }


def evaluate_majority(data: EvaluationData, correct: np.ndarray) -> dict[str, Any]:
    """Metrics of always predicting the most frequent class of the training split.

    Args:
        data: the splits.
        correct: of the winner, bool array of shape (test documents,).

    Returns:
        The metrics of a row of comparison.json that need no model, with the class shares as probabilities. And
        ``lead``: how far the winner is ahead, as in the pairs.
    """
    constant = np.tile(data.class_shares, (len(data.labels), 1))
    lead = statistics.compare_pairs({"winner": correct, MAJORITY: constant.argmax(axis=1) == data.labels})
    return {
        "family": MAJORITY,
        "class": data.classes[int(data.class_shares.argmax())],
        **score_test_split(data.labels, constant),
        "lead": lead[0],
    }


def tabulate_predictions(models: Sequence[EvaluatedModel], data: EvaluationData) -> pd.DataFrame:
    """The test split with the columns FAMILY.label, FAMILY.score and FAMILY.probability.CLASS of each family."""
    columns = {}
    for model in models:
        columns[f"{model.family}.label"] = np.array(data.classes, dtype=object)[model.probabilities.argmax(axis=1)]
        columns[f"{model.family}.score"] = model.probabilities.max(axis=1)
        names = (f"{model.family}.probability.{name}" for name in data.classes)
        columns |= dict(zip(names, model.probabilities.T))
    # All at once: pandas warns if many columns are added singly.
    return pd.concat([data.test, pd.DataFrame(columns, index=data.test.index)], axis=1)


def digest_comparison(models: Sequence[EvaluatedModel]) -> str:
    """Digest of the models, the winner first, and of metrics that do not depend on a clock.

    The metrics are listed here, so that a new one does not change the digest of the same models, by which register
    recognizes a version that it has already registered.
    """
    names = (
        "family",
        "behaviour_failure_rate",
        "validation_accuracy",
        "test_accuracy",
        "f1_macro",
        "roc_auc",
        "log_loss",
    )
    fitted = [_digest_fitted(model) for model in models]
    return text_digest(json.dumps([fitted, [[model.row[name] for name in names] for model in models]]))


def _digest_fitted(model: EvaluatedModel) -> Any:
    """The digest of its search's result, or an ensemble's weights and members' digests."""
    digests = [origin(run).get(OUTPUT_DIGEST) for run in model.tune_runs]
    return [sorted(filter(None, digests)), model.weights] if model.weights else digests[0]
