import pytest

from sentiment.model.text.cleaning import Cleaner

TEXT = "Don't STOP—it’s not great!! 😀 foo_bar 3.5 naïve שלום"


@pytest.mark.parametrize(
    "options, expected",
    [
        ({}, ["don't", "stop", "it's", "not", "great", "😀", "foo", "bar", "3", "5", "naïve", "שלום"]),
        (
            {"lowercase": False},
            ["Don't", "STOP", "it's", "not", "great", "😀", "foo", "bar", "3", "5", "naïve", "שלום"],
        ),
        ({"stop_words": "english"}, ["don't", "stop", "it's", "great", "😀", "foo", "bar", "3", "5", "naïve", "שלום"]),
    ],
)
def test_tokens(options, expected):
    assert Cleaner(**options).tokens(TEXT) == expected


def test_punctuation_stays_on_request():
    assert Cleaner(strip_punctuation=False).tokens("Good, not great!") == ["good", ",", "not", "great", "!"]


def test_porter_stems():
    assert Cleaner(stemming="porter").tokens("relational hopping caresses") == ["relat", "hop", "caress"]


@pytest.mark.parametrize("text", ["", " \n", "!!!", "\x00"])
def test_a_text_without_words_has_no_letters_in_its_tokens(text):
    assert not any(token.isalnum() for token in Cleaner().tokens(text))
