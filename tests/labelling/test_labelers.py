"""What rates the polarity of texts; those that need a process of their own are in tests/system/."""

import zipfile

import nltk
import pandas as pd
import pytest
from nltk.corpus.reader.opinion_lexicon import OpinionLexiconCorpusReader
from nltk.corpus.util import LazyCorpusLoader

from sentiment.errors import UserError
from sentiment.labelling import labelers
from sentiment.labelling.labelers import find_labeler, opinion_lexicon, registered_model, vader
from sentiment.model.text.lexicon import LONGEST


def test_vader_is_the_mean_over_the_sentences_of_a_text():
    one, other, both, none, blank = vader.rate(
        "vader", ["I love it.", "I hate it!", "I love it. I hate it!", "Hm.", ""]
    )
    assert -1 <= other < -0.5 < 0.5 < one <= 1 and both == pytest.approx((one + other) / 2) and none == blank == 0
    # A long sentence, as in a text without signs, is taken in parts: VADER takes the square of a text's length.
    (long,) = vader.rate("vader", ["good " * LONGEST * 2 + "table " * LONGEST * 2])
    (part,) = vader.rate("vader", ["good " * LONGEST])
    assert long == pytest.approx(part / 2)


def test_texts_are_rated_in_portions_none_of_which_is_lost(monkeypatch):
    monkeypatch.setattr(labelers, "PORTION", 2)
    rated = vader.rate("vader", ["good", "bad", "good", "bad", "good"])
    assert (rated > 0).tolist() == [True, False, True, False, True]


@pytest.fixture
def small_lexicon(tmp_path, monkeypatch):
    """NLTK's opinion lexicon, with a few words in its own format."""
    (tmp_path / "corpora").mkdir()
    header = ";" * 20 + "\n; a list\n" + ";" * 20 + "\n\n"
    with zipfile.ZipFile(tmp_path / "corpora" / "opinion_lexicon.zip", "w") as archive:
        archive.writestr("opinion_lexicon/positive-words.txt", header + "good\ngreat\na+\n")
        archive.writestr("opinion_lexicon/negative-words.txt", header + "bad\nf**k\nhalf-baked\n")
    loader = LazyCorpusLoader("opinion_lexicon", OpinionLexiconCorpusReader, r"(\w+)\-words\.txt", encoding="utf8")
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    nltk.corpus.reader  # noqa: B018  # loads the lazy module, which is replaced when it is first used
    monkeypatch.setattr(nltk.corpus, "opinion_lexicon", loader, raising=False)


def test_the_opinion_lexicon_counts_words(small_lexicon):
    texts = ["Great, GOOD but half-baked.", "Bad!", "f**k", "It is here", "a+"]
    assert opinion_lexicon.rate("opinion_lexicon", texts).tolist() == pytest.approx([1 / 3, -1, -1, 0, 1])
    assert opinion_lexicon.digest("opinion_lexicon")
    marked = ["a 'great' film", "*great*", "great- but not more", "'bad'", "a+*"]
    assert opinion_lexicon.rate("opinion_lexicon", marked).tolist() == [1, 1, 1, -1, 0]


def test_a_lexicon_that_is_neither_here_nor_to_be_had_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    monkeypatch.setattr(nltk.downloader._downloader, "_url", "http://127.0.0.1:9/index.xml")  # nobody listens there
    with pytest.raises(UserError, match="opinion_lexicon is in none of .* could not be downloaded: set NLTK_DATA"):
        opinion_lexicon.rate("opinion_lexicon", ["good"])


def test_a_name_is_that_of_a_labeler(tmp_path):
    names = ["vader", "opinion_lexicon", "models:/m@champion", "hf://ada/reviews", str(tmp_path)]
    found = [find_labeler(name).__name__.rpartition(".")[2] for name in names]
    assert found == ["vader", "opinion_lexicon", "registered_model", "pipeline", "pipeline"]
    with pytest.raises(UserError, match=f"label_by={tmp_path}/nowhere: there is no such folder; expected vader"):
        find_labeler(f"{tmp_path}/nowhere")
    with pytest.raises(UserError, match="label_by=vadr: expected vader, opinion_lexicon, a registered model such as"):
        find_labeler("vadr")


@pytest.mark.parametrize(
    "answer, message",
    [
        ({"label": ["pos", "neg", "neutral"], "score": [0.9, 0.8, 0.7]}, None),
        ({"label": ["pos", "mixed", "neutral"], "score": [0.9, 0.8, 0.7]}, "its label 'mixed' is not a polarity"),
        ({"class": ["pos"]}, "label_by=models:/m/1 returns no label and score: KeyError"),
    ],
)
def test_a_model_rates_by_label_and_score(monkeypatch, answer, message):
    class Model:
        def predict(self, frame):
            return pd.DataFrame(answer)

    monkeypatch.setattr("sentiment.results.load_model", lambda uri: Model())
    if message is None:
        assert registered_model.rate_by_model("models:/m/1", ["a", "b", "c"]).tolist() == [0.9, -0.8, 0]
    else:
        with pytest.raises(UserError, match=message):
            registered_model.rate_by_model("models:/m/1", ["a", "b", "c"])


def test_an_alias_is_the_version_that_it_stands_for_now(tracked):
    tracked.create_registered_model("m")
    for version in ("1", "2"):
        tracked.create_model_version("m", "file:///nowhere")
        tracked.set_registered_model_alias("m", "champion", version)
        assert registered_model.resolve("models:/m@champion") == f"models:/m/{version}"
    with pytest.raises(UserError, match="models:/m@best: there is no such model at"):
        registered_model.resolve("models:/m@best")
    assert registered_model.resolve("models:/m/latest") == "models:/m/2"
    with pytest.raises(UserError, match="label_by=models:/m/Staging: expected a registered model such as"):
        registered_model.resolve("models:/m/Staging")  # which would be another one tomorrow
