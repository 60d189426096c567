"""The check that a candidate is comparable with the champion."""

from sentiment.registry.candidate import Candidate
from sentiment.registry.checks import Check, Terms


def check(candidate: Candidate, terms: Terms) -> list[Check]:
    """A failed check if the two cannot be compared; a passed one if ``force`` is set nevertheless."""
    if candidate.obstacle is None or candidate.champion is None:
        return []
    forced = terms["force"]
    advice = (
        "but force=true replaces it" if forced else "so they cannot be compared; -P force=true replaces it regardless"
    )
    message = f"champion version {candidate.champion.version} {candidate.obstacle}, {advice}"
    return [Check("comparable", forced, message, is_reason=True, forced=forced)]
