"""Predictions of many texts."""

from types import SimpleNamespace

import numpy as np
import pytest

from sentiment.evaluation import measure


def test_many_texts_are_given_to_a_model_in_parts_and_their_predictions_stay_in_order(monkeypatch):
    monkeypatch.setattr(measure, "AT_ONCE", 3)
    given = []

    def predict_proba(texts):
        given.append(len(texts))
        return np.array([[float(text), 1 - float(text)] for text in texts])

    model = SimpleNamespace(get_raw_model=lambda: SimpleNamespace(predict_proba=predict_proba))
    texts = [f"0.{number}" for number in range(8)]
    assert measure.predict_proba(model, texts)[:, 0].tolist() == [float(text) for text in texts] and given == [3, 3, 2]


def test_latency_is_in_milliseconds_over_100_texts_after_one_call_that_compiles(monkeypatch):
    clock = iter(np.cumsum([5.0, 0.002] * 95 + [5.0, 0.012] * 5))
    monkeypatch.setattr(measure.time, "perf_counter", lambda: next(clock))
    asked = []
    found = measure.measure_latency(SimpleNamespace(predict=asked.append), [str(number) for number in range(150)])
    assert found == pytest.approx((2, 2.5)) and asked == [["0"], *([str(number)] for number in range(100))]
