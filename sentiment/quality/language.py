"""The languages of a corpus, by langid's naive Bayes over byte n-grams (Lui and Baldwin 2012), as py3langid has it."""

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

from sentiment.quality.finding import Finding
from sentiment.quality.personal_data import excerpt

TEXTS = 500  # that are checked
CHARACTERS = 500  # of a text
SURE = 0.9  # probability from which a text is counted; then no text of five English corpora was in another language
OTHER = 0.02  # share of the counted texts in another language that is worth a warning
EXAMPLES = 3


def describe_languages(texts: Sequence[str]) -> Finding:
    """Count the languages of a sample: the first ``TEXTS`` texts, whose order must be random."""
    classify = _load_identifier().classify
    looked_at = texts[:TEXTS]
    found = [classify(text[:CHARACTERS]) for text in looked_at]
    sure = [(language, text) for (language, probability), text in zip(found, looked_at) if probability >= SURE]
    counts = Counter(language for language, _ in sure).most_common()
    if not counts:
        return Finding("Language", 0, f"The language of none of {len(looked_at)} texts is clear.")
    main = counts[0][0]
    others = [[language, excerpt(text)] for language, text in sure if language != main]
    shown = ", ".join(f"{language} {count}" for language, count in counts[:5])
    says = f"Of {len(looked_at)} texts {len(sure)} are clear: {shown} (ISO 639-1)."
    if mixed := len(others) > OTHER * len(sure):
        says += " A model for each language, or a multilingual checkpoint, may serve them better."
    return Finding("Language", len(others), says, mixed, [["language", "text"], *others[:EXAMPLES]] if others else [])


@cache  # it takes a second
def _load_identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
