import numpy as np
import pytest

from sentiment.evaluation.mistakes import occlude


def test_the_words_that_drive_a_prediction_are_those_whose_loss_changes_it():
    def predict(texts):
        good = np.array([0.5 + 0.4 * ("good" in text) for text in texts])
        return np.column_stack([1 - good, good])

    weights = dict(occlude(predict, "a good film", 1))
    assert weights == {"a": 0.0, "good": pytest.approx(0.4), "film": 0.0}
    assert len(occlude(predict, "word " * 1000, 1)) <= 60 and occlude(predict, "", 1) == []
