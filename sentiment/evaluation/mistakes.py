"""Where a model fails: its most confident mistakes, and the words that drove them."""

from dataclasses import dataclass

import mlflow
import numpy as np

from sentiment.evaluation.measure import in_own_process, predict_proba

COUNT = 20
WORDS = 6  # shown of each text
SPANS = 60  # of a text that are left out one after the other; a longer text is left out in longer pieces


@dataclass(frozen=True)
class Mistake:
    """A text with a wrong label.

    Args:
        text: the text.
        label: its class.
        predicted: the class that the model gave it.
        score: probability of that class, 0 to 1.
        words: list of pairs of words of the text and how much they speak for the predicted class.
    """

    text: str
    label: str
    predicted: str
    score: float
    words: list


def confident_mistakes(model_uri, texts, labels, probabilities, classes, apart):
    """The mistakes that a model was the surest of, at most ``COUNT``, the surest first.

    Args:
        model_uri: URI of the model.
        texts: list of str.
        labels: int array of shape (texts,), positions in the classes.
        probabilities: float array of shape (texts, classes).
        classes: list of str.
        apart: whether the model needs a process of its own.

    Returns:
        A list of :class:`Mistake`.
    """
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    surest = wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")][:COUNT]
    asked = model_uri, [texts[row] for row in surest], [int(predicted[row]) for row in surest]
    words = in_own_process(driving_words, *asked) if apart else driving_words(*asked)
    return [
        Mistake(texts[row], classes[labels[row]], classes[predicted[row]], float(probabilities[row].max()), found)
        for row, found in zip(surest, words)
    ]


def driving_words(model_uri, texts, positions):
    """What speaks for a class in each text: a list of lists of pairs (words, weight), the strongest first.

    A linear model's weights times its features; for other models the drop of the class's probability when words are left out
    (representation erasure, Li et al. 2016), one after the other or, in a text of more than ``SPANS``, in pieces.

    Args:
        model_uri: URI of the model.
        texts: list of str.
        positions: the class of each text.
    """
    model = mlflow.pyfunc.load_model(model_uri)
    raw = model.get_raw_model()
    own = getattr(getattr(raw, "model", None), "contributions", None)
    found = []
    for text, position in zip(texts, positions):
        weights = own(raw.cleaner.tokens(text), position) if own else None
        if weights is None:
            weights = _occluded(lambda parts: predict_proba(model, parts), text, position)
        weights.sort(key=lambda pair: -pair[1])
        found.append([pair for pair in weights[:WORDS] if pair[1] > 0])
    return found


def _occluded(predict, text, position):
    words = text.split()
    size = -(-len(words) // SPANS) or 1
    spans = [(start, start + size) for start in range(0, len(words), size)]
    without = [" ".join(words[:start] + words[end:]) for start, end in spans]
    whole, *others = predict([text, *without])[:, position]
    return [(" ".join(words[start:end]), float(whole - other)) for (start, end), other in zip(spans, others)]
