"""The most confident mistakes of a model, and the words that account for them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import mlflow
import numpy as np

from sentiment.evaluation.measure import in_own_process, predict_proba

MISTAKES = 20
WORDS = 6  # shown for each text
SPANS = 60  # parts of a text that are left out in turn; the longer the text, the longer the parts

Weights = list[tuple[str, float]]  # words of a text and how much they speak for a class


@dataclass(frozen=True)
class Mistake:
    """A text that was given a wrong label.

    Args:
        text: the text.
        label: its class.
        predicted: the class that the model gave it.
        score: probability of that class, 0 to 1.
        words: words of the text and how much they speak for the predicted class.
    """

    text: str
    label: str
    predicted: str
    score: float
    words: Weights


def find_confident_mistakes(
    model_uri: str,
    texts: Sequence[str],
    labels: np.ndarray,
    probabilities: np.ndarray,
    classes: Sequence[str],
    own_process: bool,
) -> list[Mistake]:
    """The mistakes with the highest scores, at most ``MISTAKES``, the highest first.

    Args:
        model_uri: URI of the model.
        texts: the texts of a split.
        labels: int array of shape (texts,), positions in the classes.
        probabilities: float array of shape (texts, classes).
        classes: class names.
        own_process: whether the model has to be loaded in a process of its own.
    """
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    chosen = wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")][:MISTAKES]
    arguments = model_uri, [texts[row] for row in chosen], [int(predicted[row]) for row in chosen]
    words = in_own_process(explain, *arguments) if own_process else explain(*arguments)
    return [
        Mistake(texts[row], classes[labels[row]], classes[predicted[row]], float(probabilities[row].max()), found)
        for row, found in zip(chosen, words)
    ]


def explain(model_uri: str, texts: Sequence[str], positions: Sequence[int]) -> list[Weights]:
    """The words of each text that speak most for a class, the strongest first.

    For a linear model these are its weights times its features. For other models it is how much the probability of the
    class drops when words are left out (representation erasure, Li et al. 2016): each in turn, or, in a text of more
    than ``SPANS`` words, several at a time.

    Args:
        model_uri: URI of the model.
        texts: the texts.
        positions: for each text, the position of the class.
    """
    model = mlflow.pyfunc.load_model(model_uri)
    raw = model.get_raw_model()
    contributions = getattr(getattr(raw, "model", None), "contributions", None)
    explained = []
    for text, position in zip(texts, positions):
        weights = contributions(raw.cleaner.tokens(text), position) if contributions else None
        if weights is None:
            weights = occlude(lambda parts: predict_proba(model, parts), text, position)
        weights.sort(key=lambda pair: -pair[1])
        explained.append([pair for pair in weights[:WORDS] if pair[1] > 0])
    return explained


def occlude(predict: Callable[[list[str]], np.ndarray], text: str, position: int) -> Weights:
    """How much the probability of a class drops without each span of words of a text.

    Args:
        predict: from texts to probabilities of shape (texts, classes).
        text: the text.
        position: position of the class.
    """
    words = text.split()
    size = -(-len(words) // SPANS) or 1
    spans = [(start, start + size) for start in range(0, len(words), size)]
    without = [" ".join(words[:start] + words[end:]) for start, end in spans]
    whole, *others = predict([text, *without])[:, position]
    return [(" ".join(words[start:end]), float(whole - other)) for (start, end), other in zip(spans, others)]
