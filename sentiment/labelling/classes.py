"""Names of classes as polarities."""

from collections.abc import Callable, Sequence

from sentiment.corpora.labels import normalize_label
from sentiment.errors import UserError

NEGATIVE, NEUTRAL, POSITIVE = -1, 0, 1
# Ways to name negative, neutral and positive; others, such as 0 and 1 or stars, are ambiguous.
STYLES = (("negative", "neutral", "positive"), ("neg", "neu", "pos"), ("-1", "0", "1"))
EXPECTED = "expected names such as negative, neutral and positive, or neg and pos, or -1, 0 and 1"


def polarity_of(labeler: str, label: str) -> int:
    """The polarity of a model's label: -1, 0 or 1.

    Args:
        labeler: the model's name in ``label_by``, for the message.
        label: the label.

    Raises:
        UserError: it does not name a polarity.
    """
    for style in STYLES[:2]:
        if normalize_label(label) in style:
            return style.index(normalize_label(label)) - 1
    raise UserError(
        f"label_by={labeler}: its label {label!r} is not a polarity; expected a name for negative, neutral or positive"
    )


def name_classes(given: Sequence[str]) -> dict[int, str]:
    """The names of the classes, in the style of the human labels.

    Args:
        given: the distinct human labels.

    Returns:
        The name of each polarity: -1, 0 and 1.

    Raises:
        UserError: the human labels are not polarities, or two of them are the same one.
    """
    written: dict[str, str] = {}
    for label in sorted(given):
        other = written.setdefault(normalize_label(label), label)
        if other != label:
            raise UserError(f"the labels {other!r} and {label!r} are the same polarity: -P normalize_labels=true")
    style = next((style for style in STYLES if set(written) <= set(style)), None)
    if style is None or (style[0] == "-1" and "-1" not in written):
        shown = ", ".join(map(repr, sorted(given)[:10]))
        raise UserError(f"label_by labels by polarity, and these labels are not polarities: {shown}; {EXPECTED}")
    case = _case_of(given)
    return {place - 1: written.get(name, case(name)) for place, name in enumerate(style)}


def _case_of(labels: Sequence[str]) -> Callable[[str], str]:
    """``str.upper``, ``str.capitalize`` or ``str.lower``, as the labels are written."""
    cases = (str.upper, str.capitalize)
    return next((case for case in cases if labels and all(case(label) == label for label in labels)), str.lower)
