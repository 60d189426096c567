import numpy as np
import pytest

from sentiment.evaluation import mistakes
from sentiment.evaluation.mistakes import find_confident_mistakes, occlude


def predict(texts):
    good = np.array([0.5 + 0.4 * ("good" in text) for text in texts])
    return np.column_stack([1 - good, good])


def test_the_words_that_drive_a_prediction_are_those_whose_loss_changes_it():
    assert occlude(predict, "a good\nfilm", 1) == [("a", 0.0), (" good", pytest.approx(0.4)), ("\nfilm", 0.0)]
    assert occlude(predict, "", 1) == []


def test_in_a_long_text_the_driving_word_is_found_among_parts_of_several_words():
    text = "word " * 700 + "good" + " word" * 300
    weights = occlude(predict, text, 1)
    assert "".join(part for part, _ in weights) == text and len(weights) < 60 + 4 * 17
    assert [(part, weight) for part, weight in weights if weight] == [(" good", pytest.approx(0.4))]


def test_a_text_without_spaces_is_looked_at_by_character():
    weights = occlude(lambda texts: np.array([[0.5 + 0.4 * ("好" in text)] for text in texts]), "这部电影好看", 0)
    assert [part for part, weight in weights if weight] == ["好"]


@pytest.mark.parametrize("words, found", [(20, 20), (500, 8), (3_000, 5)])
def test_the_longer_the_texts_the_fewer_mistakes_are_explained(monkeypatch, words, found):
    monkeypatch.setattr(mistakes, "explain", lambda _, texts, positions: [[(text, 0.0)] for text in texts])
    texts, scores = [f"{number}" + " word" * (words - 1) for number in range(30)], np.linspace(0.6, 0.9, 30)
    probabilities = np.column_stack([1 - scores, scores])
    shown = find_confident_mistakes("", texts, np.zeros(30, int), probabilities, ["bad", "good"], "simple")
    assert [one.score for one in shown] == sorted(scores, reverse=True)[:found]
    assert [one.weights[0][0] for one in shown] == texts[::-1][:found]
