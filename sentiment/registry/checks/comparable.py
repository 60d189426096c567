"""Whether a candidate can be compared with the champion at all."""

from sentiment.registry.candidate import Candidate
from sentiment.registry.checks import Check, Terms


def check(candidate: Candidate, terms: Terms) -> list[Check]:
    """A failed check where the two cannot be compared; a passed one where ``force`` is set all the same."""
    if candidate.obstacle is None or candidate.champion is None:
        return []
    forced = terms["force"]
    advice = (
        "but force=true replaces it" if forced else "so they cannot be compared; -P force=true replaces it regardless"
    )
    message = f"champion version {candidate.champion.version} {candidate.obstacle}, {advice}"
    return [Check("comparable", forced, message, is_reason=True, forced=forced)]
