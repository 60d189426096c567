"""The most confident mistakes of a model, and the words of each text that drive the prediction."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sentiment.evaluation.measure import in_process_for, predict_proba
from sentiment.model.progress import show_progress
from sentiment.results import load_model

MISTAKES = 20
FEWEST = 5
WORDS = 4_000  # of all mistakes: leaving out each part of a text takes time quadratic in its length
SPANS = 60  # parts of a text that are left out in turn; the longer the text, the longer the parts
CLOSER = 4  # parts of a long text that are then examined word by word
# A word with the white space before it; Chinese and Japanese are written without, so a character counts as a word.
WORD = re.compile(r"\s*(?:[\u3040-\u30ff\u3400-\u9fff]|[^\s\u3040-\u30ff\u3400-\u9fff]+)")

Weights = list[tuple[str, float]]  # the parts of a text, in order, and how much each speaks for a class
Predict = Callable[[list[str]], np.ndarray]  # from texts to probabilities of shape (texts, classes)


@dataclass(frozen=True)
class Mistake:
    """A text that was given a wrong label.

    Args:
        label: its class.
        predicted: the class that the model gave it.
        score: probability of that class, 0 to 1.
        weights: the text, and how much each part of it speaks for the predicted class.
    """

    label: str
    predicted: str
    score: float
    weights: Weights


def find_confident_mistakes(
    model_uri: str,
    texts: Sequence[str],
    labels: np.ndarray,
    probabilities: np.ndarray,
    classes: Sequence[str],
    family: str,
) -> list[Mistake]:
    """The mistakes with the highest scores, at most ``MISTAKES``, the highest first.

    There are fewer if texts are long: up to ``WORDS`` words in all, and at least ``FEWEST`` mistakes.

    Args:
        model_uri: URI of the model.
        texts: the texts of a split.
        labels: int array of shape (texts,), positions in the classes.
        probabilities: float array of shape (texts, classes).
        classes: class names.
        family: the model's family.
    """
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    chosen = wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")][:MISTAKES]
    words = np.cumsum([len(WORD.findall(texts[row])) for row in chosen])
    chosen = chosen[: max(FEWEST, np.searchsorted(words, WORDS, side="right"))]
    mistaken, positions = [texts[row] for row in chosen], [int(predicted[row]) for row in chosen]
    weights = in_process_for(family, explain, model_uri, mistaken, positions)
    return [
        Mistake(classes[labels[row]], classes[predicted[row]], float(probabilities[row].max()), found)
        for row, found in zip(chosen, weights)
    ]


def explain(model_uri: str, texts: Sequence[str], positions: Sequence[int]) -> list[Weights]:
    """:func:`occlude` with a logged model.

    Args:
        model_uri: URI of the model.
        texts: the texts.
        positions: for each text, the position of the class.
    """
    model = load_model(model_uri)
    weights = []
    with show_progress("compare: explaining mistakes", len(texts), "text") as bar:
        for text, place in zip(texts, positions):
            weights.append(occlude(lambda parts: predict_proba(model, parts), text, place))
            bar.update()
    return weights


def occlude(predict: Predict, text: str, position: int) -> Weights:
    """How much the probability of a class drops without each part of a text (representation erasure, Li et al. 2016).

    A part is a word. In a text of more than ``SPANS`` words it is several words, except in the ``CLOSER`` parts that
    matter most.

    Args:
        predict: from texts to probabilities of shape (texts, classes).
        text: the text.
        position: position of the class.

    Returns:
        The parts, which join to the text without trailing white space, with a value of -1 to 1 each.
    """
    words = WORD.findall(text)
    size = -(-len(words) // SPANS) or 1
    drops = _drops(predict, words, [(start, start + size) for start in range(0, len(words), size)], position)
    if size > 1:
        for start, end in sorted(drops, key=lambda span: -drops[span])[:CLOSER]:
            del drops[start, end]
            singles = [(place, place + 1) for place in range(start, min(end, len(words)))]
            drops |= _drops(predict, words, singles, position)
    return [("".join(words[start:end]), drops[start, end]) for start, end in sorted(drops)]


def _drops(
    predict: Predict, words: list[str], spans: list[tuple[int, int]], position: int
) -> dict[tuple[int, int], float]:
    """From each span, start and end, to how much the probability of a class drops without its words."""
    without = ["".join(words[:start] + words[end:]) for start, end in spans]
    whole, *others = predict(["".join(words), *without])[:, position]
    return {span: float(whole - other) for span, other in zip(spans, others)}
