import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from sentiment.model import pyfunc
from sentiment.model.families import get_family, simple
from sentiment.model.pyfunc import SentimentModel
from sentiment.model.space import drop_inactive
from sentiment.model.text.cleaning import Cleaner
from sentiment.model.training import Training
from tests.model.conftest import corpus, write_corpus


class Lengths:
    """A model whose probability of the second class grows with the number of tokens."""

    raw_text = False

    def predict_proba(self, documents):
        sure = np.array([len(tokens) / 10 for tokens in documents])
        return np.column_stack([1 - sure, sure])


@pytest.fixture
def model():
    return SentimentModel(Cleaner(), ["short", "long"], Lengths())


@pytest.mark.parametrize("kind", [lambda texts: pd.DataFrame({"text": texts}), list, lambda texts: pd.DataFrame(texts)])
def test_label_and_its_probability_in_the_order_of_the_texts(model, kind):
    answer = model.predict(kind(["a b c d e f g h", "!", "a"]))
    assert answer["label"].tolist() == ["long", "short", "short"]
    assert answer["score"].tolist() == pytest.approx([0.8, 0.9, 0.9])


def test_no_texts_give_no_rows(model):
    assert model.predict(pd.DataFrame({"text": []})).shape == (0, 2)


@pytest.mark.parametrize(
    "wrong, expected",
    [
        (pd.DataFrame({"review": ["a"]}), "one column named text"),
        (pd.DataFrame({"text": ["a", None]}), "row 2: expected text, got nothing"),
        (["a", "b", " \n"], "row 3: expected text, got a blank one"),
        ([3.5], "row 1: expected text, got float: 3.5"),
    ],
)
def test_what_is_no_text_is_refused_as_a_bad_request(model, wrong, expected):
    with pytest.raises(MlflowException, match=expected) as raised:
        model.predict(wrong)
    assert raised.value.get_http_status_code() == 400


@pytest.mark.parametrize("cleaner", [Cleaner(), Cleaner(cleaning="tweets", stemming="porter")], ids=["usual", "tweets"])
def test_a_model_serves_what_it_was_trained_with(cleaner, tmp_path):
    parts = {name: corpus(["good", "bad"], seed) for seed, name in enumerate(("train", "validation", "test"))}
    for part in parts.values():
        part["text"] = "@" + part["text"] + " #NotGood &amp; soooooo :-D!! https://t.co/" + part["text"]
    features = write_corpus(tmp_path, parts, cleaner=cleaner)
    params = drop_inactive(simple.SPACE, simple.DEFAULTS)
    model = get_family("simple").fit(features, params, Training(), lambda *_: None)
    folder = tmp_path / "served"
    folder.mkdir()
    pyfunc.save(folder, "simple", features.cleaner, features.classes, model)
    served = pyfunc._load_pyfunc(str(folder)).predict_proba(features.texts("test"))
    assert served.tobytes() == model.predict_split(features, "test").tobytes()
