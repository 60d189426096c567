"""The check of behaviour tests against the champion's."""

import numpy as np

from sentiment.artifacts import read_json
from sentiment.corpora.splits import comparison_form
from sentiment.evaluation.behaviour import Case, outcomes
from sentiment.evaluation.measure import predict_proba
from sentiment.evaluation.metrics import reaches
from sentiment.registry.candidate import Candidate
from sentiment.registry.checks import Check, Terms
from sentiment.tracking import BEHAVIOUR_CASES


def check(candidate: Candidate, terms: Terms) -> list[Check]:
    """Whether its failure rate is at most ``behaviour_tolerance`` above the champion's."""
    if candidate.champion is None or not candidate.has_comparable_champion:
        return []
    tolerance = terms["behaviour_tolerance"]
    entries = read_json(candidate.compare_run.info.run_id, BEHAVIOUR_CASES)
    failed_by = [entry.pop("failed_by", None) for entry in entries]
    if None in failed_by:
        return [Check("behaviour", False, "not kept case by case by this compare run: run compare again")]
    # The champion has learned the labels of its training texts, which is not behaviour.
    seen = candidate.seen_texts
    kept = [number for number, entry in enumerate(entries) if comparison_form(entry["text"]) not in seen]
    if not kept:
        return []
    cases = [Case(**entries[number]) for number in kept]

    def mean_failure_rate(failed: np.ndarray) -> float:
        return outcomes.mean_failure_rate(outcomes.summarize_by_capability(cases, failed))

    own = mean_failure_rate(np.array([candidate.row["family"] in failed_by[number] for number in kept]))
    probabilities = predict_proba(candidate.champion_model, [text for case in cases for text in case.texts])
    champions = mean_failure_rate(outcomes.find_failures(cases, probabilities, candidate.classes))
    message = (
        f"{own:.1%} of {len(cases)} behaviour tests fail against {champions:.1%} of version "
        f"{candidate.champion.version}, tolerance {tolerance:.0%}"
    )
    figures = {
        "behaviour_tests": float(len(cases)),
        "behaviour_failure_rate": own,
        "champion_behaviour_failure_rate": champions,
    }
    return [Check("behaviour", reaches(champions + tolerance, own), message, figures)]
