import random
import time
from math import sqrt

import pytest
from vaderSentiment.vaderSentiment import BOOSTER_DICT, NEGATE, SPECIAL_CASES, SentimentIntensityAnalyzer

from sentiment.model.text.cleaning import Cleaner
from sentiment.model.text.lexicon import WEIGHT, make_polarity_weigher
from sentiment.model.text.vader import SentenceRater

GOOD, BAD, NOT, VERY = 1.9, -2.5, -0.74, 0.293  # VADER's valences, and what it makes of a negation and an intensifier


def compound(valence):
    return valence / sqrt(valence**2 + 15)


@pytest.fixture(scope="module")
def weigh():
    """The polarity of a text, before it is weighted."""
    weigh_documents = make_polarity_weigher()
    return lambda text: weigh_documents([Cleaner().tokens(text)]).toarray()[0] / WEIGHT


@pytest.mark.parametrize(
    "text, expected",
    [
        # A word of the lexicon counts as its valence and one more, every other word as one.
        ("A good film.", [2.9 / (2.9 + 2), 0, compound(GOOD), 0]),
        ("Not a good film.", [0, (1 - NOT * GOOD) / (1 - NOT * GOOD + 3), 0, -compound(NOT * GOOD)]),
        ("A VERY bad film", [0, (1 + VERY - BAD) / (1 + VERY - BAD + 3), 0, -compound(BAD - VERY)]),
        # What is behind "but" counts for half as much again, what is before it for half.
        ("good but bad", [1.95 / (1.95 + 4.75 + 1), 4.75 / (1.95 + 4.75 + 1), 0, -compound(GOOD / 2 + BAD * 1.5)]),
        # Each sentence counts the same.
        (
            "A good film. I saw it.",
            [2.9 / 4.9 / 2, 0, compound(GOOD) / 2, 0],
        ),
        ("The train to Leeds", [0, 0, 0, 0]),
        ("", [0, 0, 0, 0]),
    ],
)
def test_the_polarity_of_a_text_worked_by_hand(weigh, text, expected):
    assert weigh(text) == pytest.approx(expected, abs=6e-4)  # VADER rounds its scores


def test_signs_belong_to_words_and_emoticons_count(weigh):
    assert weigh("good, film")[0] == weigh("good film")[0]
    assert weigh("a good—and long—film")[0] > 0  # a dash would make another word of it
    assert weigh("a film :)")[2] > 0 and weigh("a film 😭")[3] > 0


def test_the_time_of_a_text_without_punctuation_does_not_grow_with_its_square(weigh):
    seconds = []
    for length in (400, 4_000):
        started = time.process_time()
        weigh("not a very good film " * length)
        seconds.append(time.process_time() - started)
    assert (
        seconds[1] < 30 * seconds[0]
    )  # a hundred times as long with VADER alone, which a text from anybody would cost


def test_sentences_are_rated_exactly_as_by_vader():
    rater, peer, draw = SentenceRater(), SentimentIntensityAnalyzer(), random.Random(42)
    rules = [
        *BOOSTER_DICT,
        *NEGATE,
        *" ".join(SPECIAL_CASES).split() * 5,
        *["no", "or", "nor", "so", "this", "least", "at", "kind", "of", "but"] * 20,
    ]
    words = [
        *rules,
        *draw.sample(sorted(peer.lexicon), 500),
        *["film", "a", "(good)", "'bad'", "😀", "❤", ":)", "...", "!"] * 10,
    ]
    ends = ["", "", "", "", ",", "!", "?", "!!!", "???"]
    for _ in range(3_000):
        chosen = [
            draw.choice((str, str, str, str.upper, str.capitalize))(draw.choice(words))
            for _ in range(draw.randrange(12))
        ]
        sentence = " ".join(word + draw.choice(ends) for word in chosen)
        assert rater.polarity_scores(sentence) == peer.polarity_scores(sentence), sentence
