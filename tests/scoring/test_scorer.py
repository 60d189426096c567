"""What becomes of a text on which a model fails, and of the others."""

from types import SimpleNamespace

import pandas as pd
import pytest

from sentiment.errors import UserError
from sentiment.scoring import scorer
from sentiment.scoring.scorer import Scorer


@pytest.fixture
def given(monkeypatch):
    """The texts of each call of the model, which says what it was given and fails on the text "bad"."""
    calls = []

    def predict(frame, params):
        texts = frame["text"].tolist()
        calls.append(texts)
        if "bad" in texts:
            raise ValueError("no bad texts")
        answer = pd.DataFrame({"label": [f"of {text}" for text in texts], "score": 0.9})
        return answer.assign(neg=0.1, pos=0.9) if params else answer

    model = SimpleNamespace(predict=predict, get_raw_model=lambda: SimpleNamespace(classes=["neg", "pos"]))
    monkeypatch.setattr(scorer, "load_model", lambda uri: model)
    return calls


def test_a_text_on_which_the_model_fails_costs_its_own_row_alone(given):
    labels, scores, reasons = Scorer("file:model").score(["a", "bad", None, "b"])
    assert labels == ["of a", None, None, "of b"] and scores == [0.9, None, None, 0.9]
    assert reasons == [None, "the model fails: ValueError: no bad texts", None, None]


def test_a_batch_is_halved_until_the_text_is_found(given):
    texts = [*map(str, range(13)), "bad", "14", "15"]
    labels, _, reasons = Scorer("file:model").score(texts)
    assert labels == [None if text == "bad" else f"of {text}" for text in texts]
    assert [place for place, reason in enumerate(reasons) if reason] == [13]
    assert [len(call) for call in given] == [16, 8, 8, 4, 4, 2, 1, 1, 2]


def test_a_model_that_scores_none_of_the_first_texts_is_refused(given):
    model = Scorer("file:model")
    with pytest.raises(UserError, match="^file:model scores none of the first 2 texts: the model fails: ValueError"):
        model.score(["bad", None, "bad"])
    assert model.score([None, None]) == [[None, None]] * 3  # which says nothing of the model
    assert model.score(["a"])[0] == ["of a"]
    assert model.score(["bad"])[0] == [None]  # one that has scored texts is not broken


def test_many_characters_are_given_in_portions(given, monkeypatch):
    monkeypatch.setattr(scorer, "CHARACTERS", 5)
    labels, *_ = Scorer("file:model").score(["abc", "de", "f", "longer than five", "g"])
    assert given == [["abc", "de"], ["f"], ["longer than five"], ["g"]]
    assert labels == ["of abc", "of de", "of f", "of longer than five", "of g"]


def test_probabilities_are_columns_of_their_own(given):
    model = Scorer("file:model", probabilities=True)
    assert model.columns == ["label", "score", "neg", "pos", "reason"] and model.classes == ["neg", "pos"]
    assert model.score(["a", "bad"])[2:4] == [[0.1, None], [0.9, None]]
