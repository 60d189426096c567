import re

import pytest

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.reading import CorpusInput
from sentiment.corpora.sources.sample import SAMPLE
from sentiment.errors import UserError


@pytest.fixture(scope="module")
def sample():
    return CorpusInput(Corpus("sample")).read()


def test_both_difficulties_are_balanced(sample):
    counts = sample.groupby("slice")["label"].value_counts().unstack()
    assert counts.index.tolist() == ["hard", "plain"] and counts.columns.tolist() == ["negative", "positive"]
    assert (counts["negative"] == counts["positive"]).all() and counts["positive"].min() >= 300


def test_a_copy_of_the_file_is_another_corpus_since_it_has_no_slices():
    copied = CorpusInput(Corpus(str(SAMPLE)))
    assert "slice" not in copied.read() and copied.digest != CorpusInput(Corpus("sample")).digest


def test_it_has_no_columns_to_choose_from():
    with pytest.raises(UserError, match="label_column=difficulty applies to a file or table of your own, and corpus=s"):
        CorpusInput(Corpus("sample", label_column="difficulty")).read()


def test_every_review_has_5_to_80_words(sample):
    assert sample["text"].str.split().str.len().between(5, 80).all()


def test_no_review_twice_whatever_the_case_and_punctuation(sample):
    folded = [re.sub(r"\W+", " ", text).lower().strip() for text in sample["text"]]
    assert len(set(folded)) == len(folded)


def test_no_templates(sample):
    """Two reviews share at most a few words in a row: no sentence was filled in twice."""
    seen = {}
    for number, text in enumerate(sample["text"]):
        words = re.findall(r"\w+", text.lower())
        for start in range(len(words) - 7):
            run = tuple(words[start : start + 8])
            assert seen.setdefault(run, number) == number, (text, sample["text"][seen[run]])


def test_data_card_says_where_it_comes_from_and_what_may_be_done_with_it(sample):
    card = (SAMPLE.parent / "README.md").read_text(encoding="utf-8")
    assert "CC0" in card
    for count in (len(sample), *sample["slice"].value_counts()):
        assert f"{count:,}" in card
