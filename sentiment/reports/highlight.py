"""Texts with their driving words marked; of long texts, only what surrounds these is kept."""

from sentiment.evaluation.mistakes import Weights

LEVELS = (0.1, 0.4, 0.7)  # shares of a text's highest weight from which a part is marked, the stronger the higher
NEGLIGIBLE = 0.005  # a highest weight below this marks nothing
ELLIPSIS = " … "
CONTEXT = 150  # characters that are kept on either side of what is marked


def highlight(weights: Weights) -> list[tuple[str, int]]:
    """The parts of a text, in order, and how strongly each is marked, 0 (not at all) to 3.

    Args:
        weights: as :func:`sentiment.evaluation.mistakes.occlude` returns them.
    """
    highest = max((weight for _, weight in weights), default=0.0)
    parts = [("", 0)]
    for part, weight in weights:
        level = sum(weight >= share * highest for share in LEVELS) if highest >= NEGLIGIBLE else 0
        word = part.lstrip() if level else ""
        plain = part.removesuffix(word)  # the white space before a marked word is not marked
        if parts[-1][1]:
            parts.append((plain, 0))
        else:
            parts[-1] = parts[-1][0] + plain, 0
        if word:
            parts.append((word, level))
    return [(part if level else _shorten(part, place, len(parts)), level) for place, (part, level) in enumerate(parts)]


def _shorten(part: str, place: int, parts: int) -> str:
    """An unmarked part, cut to what is near the marked ones before and after it."""
    head = CONTEXT if place else 0
    tail = CONTEXT if place < parts - 1 else 0
    if not head + tail:  # nothing is marked
        head = 4 * CONTEXT
    if len(part) <= head + tail + len(ELLIPSIS):
        return part
    return part[:head] + ELLIPSIS + (part[-tail:] if tail else "")
