"""The behaviour tests of a corpus, from templates, its test split and the user's own file."""

from collections.abc import Sequence

from sentiment.evaluation.behaviour import Case
from sentiment.evaluation.behaviour.outcomes import select_applicable
from sentiment.evaluation.behaviour.perturbations import direction_cases, invariance_cases
from sentiment.evaluation.behaviour.templates import functionality_cases
from sentiment.evaluation.behaviour.user_cases import read_cases
from sentiment.model.text.language import ENOUGH, looks_english


def build_cases(texts: Sequence[str], classes: Sequence[str], seed: int, user_file: str = "") -> list[Case]:
    """All cases that apply to a corpus; English ones only if it looks English.

    Args:
        texts: the texts of the test split, of which the first ``ENOUGH`` are looked at.
        classes: class names.
        seed: seed of the changes to the texts.
        user_file: YAML file with the user's own cases; empty for none.

    Raises:
        UserError: the file cannot be read, or an entry is not a valid case.
    """
    texts = texts[:ENOUGH]  # ingest has them in random order
    cases = invariance_cases(texts, seed)
    if looks_english(texts):
        cases = functionality_cases() + cases + direction_cases(texts, seed)
    return select_applicable(cases, classes) + (read_cases(user_file, classes) if user_file else [])
