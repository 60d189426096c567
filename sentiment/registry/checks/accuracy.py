"""The check that a candidate is as good as the champion on documents that neither has seen."""

import numpy as np
import pandas as pd

from sentiment.corpora.labels import HUMAN, LABELLED_BY
from sentiment.evaluation.choosing import compare_models
from sentiment.evaluation.measure import predict_proba
from sentiment.evaluation.metrics import METRICS, reaches
from sentiment.registry.candidate import Candidate
from sentiment.registry.checks import Check, Terms


def check(candidate: Candidate, terms: Terms) -> list[Check]:
    """Whether its ``metric`` is at most ``tolerance`` worse than the champion's."""
    if candidate.champion is None or not candidate.has_comparable_champion:
        return []
    test, tolerance, metric = candidate.unseen_test, terms["tolerance"], METRICS[terms["metric"]]
    predicted = _read_probabilities(test, candidate.row["family"], candidate.classes, metric.labels_only)
    if predicted is None:
        return [Check(metric.name, False, "not in this compare run: run compare again")]
    labels = test["label"].map(candidate.classes.index).to_numpy()
    theirs = predict_proba(candidate.champion_model, test["text"].tolist())
    assert metric.function is not None
    own, champions = metric.function(labels, predicted), metric.function(labels, theirs)
    found = compare_models(metric, labels, predicted, theirs)  # below 0 is worse
    # The difference of the two values as shown.
    low, high = (found.low, found.high) if metric.higher_is_better else (-found.high, -found.low)
    direction = "" if metric.higher_is_better else ", lower is better"
    by_people = " with human labels" if LABELLED_BY in test and (test[LABELLED_BY] == HUMAN).all() else ""
    message = (
        f"test {metric.name} {own:.4f} against {champions:.4f} of version {candidate.champion.version} "
        f"on the same {len(test)} documents{by_people} (difference {own - champions:+.4f}{direction}, "
        f"95% interval {low:+.4f} to {high:+.4f}, p = {found.p_value:.2g})"
        + (f", tolerance {tolerance:g}" if tolerance else "")
    )
    figures = {
        "documents": float(len(test)),
        metric.name: own,
        f"champion_{metric.name}": champions,
        "difference_low": low,
        "difference_high": high,
        "p_value": found.p_value,
    }
    return [Check(metric.name, reaches(found.difference, -tolerance), message, figures, is_reason=True)]


def _read_probabilities(test: pd.DataFrame, family: str, classes: list[str], labels_only: bool) -> np.ndarray | None:
    """A family's test predictions, shape (documents, classes); None if an older compare run kept only labels."""
    if labels_only:
        return np.eye(len(classes))[test[f"{family}.label"].map(classes.index)]
    columns = [f"{family}.probability.{name}" for name in classes]
    return test[columns].to_numpy() if set(columns) <= set(test) else None
