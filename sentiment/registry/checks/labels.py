"""The source of the test labels, if not all are human: informational, it always passes."""

from sentiment.registry.candidate import Candidate
from sentiment.registry.checks import Check, Terms
from sentiment.tracking import TRUTH


def check(candidate: Candidate, terms: Terms) -> list[Check]:
    """A passed check that says so, to inform reviewers."""
    said = candidate.compare_run.data.tags.get(TRUTH)
    return [Check("labels", True, said, is_reason=True)] if said else []
