"""The behaviour tests of a corpus, put together from templates, its test split and the user's own file."""

import re
from collections.abc import Sequence

from sentiment.evaluation.behaviour import Case
from sentiment.evaluation.behaviour.perturbations import direction_cases, invariance_cases
from sentiment.evaluation.behaviour.report import select_applicable
from sentiment.evaluation.behaviour.templates import functionality_cases
from sentiment.evaluation.behaviour.user_cases import read_cases

# Frequent words that are rare in other languages, unlike "is", "in", "of" or "i".
ENGLISH = {"the", "and", "to", "it", "that", "for", "with", "this", "not", "but", "have", "you", "are", "they"}
ENGLISH_SHARE = 0.05  # of all words: 0.12 to 0.22 in English texts, at most 0.025 in programs in a hundred languages


def looks_english(texts: Sequence[str]) -> bool:
    """Whether texts are in English, by the share of words that are frequent there."""
    words = [word for text in texts for word in re.findall(r"\w+", text.lower())]
    return bool(words) and sum(word in ENGLISH for word in words) / len(words) >= ENGLISH_SHARE


def build_cases(texts: Sequence[str], classes: Sequence[str], seed: int, user_file: str = "") -> list[Case]:
    """All cases that apply to a corpus; those that are in English only to one that looks English.

    Args:
        texts: the texts of the test split.
        classes: class names.
        seed: seed of the changes to the texts.
        user_file: YAML file with cases of the user's own; none where it is empty.

    Raises:
        UserError: the file cannot be read, or an entry is not a valid case.
    """
    cases = invariance_cases(texts, seed)
    if looks_english(texts):
        cases = functionality_cases() + cases + direction_cases(texts, seed)
    return select_applicable(cases, classes) + (read_cases(user_file, classes) if user_file else [])
