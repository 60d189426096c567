"""Whether a candidate passes as many behaviour tests as the champion."""

import json

from sentiment.evaluation.behaviour import Case, report
from sentiment.evaluation.measure import predict_proba
from sentiment.registry.candidate import Candidate
from sentiment.registry.checks import Check, Terms
from sentiment.tracking import BEHAVIOUR_CASES, artifacts


def check(candidate: Candidate, terms: Terms) -> list[Check]:
    """Whether its failure rate is at most ``behaviour_tolerance`` above the champion's."""
    if candidate.champion is None or not candidate.has_comparable_champion:
        return []
    run_id, tolerance = candidate.compare_run.info.run_id, terms["behaviour_tolerance"]
    cases = [Case(**case) for case in json.loads(artifacts(run_id, BEHAVIOUR_CASES).read_text(encoding="utf-8"))]
    probabilities = predict_proba(candidate.champion_model, [text for case in cases for text in case.texts])
    failed = report.find_failures(cases, probabilities, candidate.classes)
    champions = report.mean_failure_rate(report.summarize_by_capability(cases, failed))
    own = candidate.row["behaviour_failure_rate"]
    message = (
        f"{own:.1%} of the behaviour tests fail against {champions:.1%} of version {candidate.champion.version}, "
        f"tolerance {tolerance:.0%}"
    )
    figures = {"behaviour_failure_rate": own, "champion_behaviour_failure_rate": champions}
    return [Check("behaviour", own <= champions + tolerance, message, figures)]
