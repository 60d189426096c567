import numpy as np
import pytest

from sentiment.evaluation.mistakes import occlude


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
