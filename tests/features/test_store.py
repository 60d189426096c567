import os
import tempfile
from collections import Counter
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sentiment.errors import UserError
from sentiment.features.store import Features
from sentiment.features.writing import write_features
from sentiment.model.text.cleaning import Cleaner
from sentiment.model.text.vocabulary import PADDING, UNKNOWN, Vocabulary
from sentiment.model.text.word_kinds import learn_word_kinds
from tests.model.conftest import write_corpus


def part(*rows):
    return pd.DataFrame(rows, columns=["text", "label"])


@pytest.fixture
def features(tmp_path):
    parts = {
        "train": part(("a fine fine day", "pos"), ("a dull day", "neg"), ("a dull fine film", "neg")),
        "validation": part(("a fine onlyvalidation", "pos")),
        "test": part(("onlytest dull day twice onlytest", "neg")),
    }
    write_features(tmp_path, parts, Cleaner(), vocabulary_size=100, max_length=4)
    return Features(tmp_path)


def test_nothing_of_validation_and_test_is_learned(features):
    known = set(features.vocabulary.words) | {word for term in features.terms for word in term.split()}
    assert known == {"a", "fine", "day", "dull", "film"}
    assert UNKNOWN in features.ids("test")[0]
    assert features.counts("test").shape[1] == len(features.terms)


def test_a_user_without_a_home_has_embeddings_in_the_folder_of_temporary_files(features, monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as without HOME and an entry in /etc/passwd
    assert features.kept.is_relative_to(Path(tempfile.gettempdir()))


def test_texts_without_words_are_a_mistake_in_one_line(tmp_path):
    parts = dict.fromkeys(("train", "validation", "test"), part(("?!", "pos"), ("...", "neg")))
    with pytest.raises(UserError, match="have no words: cleaning removed everything"):
        write_features(tmp_path, parts, Cleaner(strip_punctuation=True), vocabulary_size=100, max_length=4)


def test_ids_are_padded_int32_and_memory_mapped(features):
    ids = features.ids("train")
    assert isinstance(ids, np.memmap) and ids.dtype == np.int32 and ids.shape == (3, 4)
    assert ids[1, 3] == PADDING and (ids[0] != PADDING).all()


def test_lengths_are_those_of_the_tokens_that_networks_read_before_they_are_cut(features, tmp_path_factory):
    assert features.lengths == {3: 2, 4: 2, 5: 1}
    parts = dict.fromkeys(("train", "validation", "test"), part(("a fine day!!!", "pos"), ("dull", "neg")))
    for options in ({"cleaner": Cleaner(strip_punctuation=True)}, {"tokens": "subword", "vocabulary_size": 12}):
        written = write_corpus(tmp_path_factory.mktemp("corpus"), parts, max_length=2, **options)
        long, short = map(len, written.network_tokens(["a fine day!!!", "dull"]))
        assert long > 2 and written.lengths == {short: 3, long: 3}


def test_a_long_text_keeps_its_end(features):
    words = ["", "?", *features.vocabulary.words]
    assert [words[number] for number in features.ids("test")[0]] == ["dull", "day", "?", "?"]


@pytest.mark.parametrize("longest, width", [(30, 9), (500, 400)])
def test_without_a_max_length_networks_read_as_many_tokens_as_almost_all_training_texts_have(longest, width, tmp_path):
    """One text in 150 is far longer than the others, or all are longer than what a network reads by default."""
    usual = 9 if longest == 30 else longest
    texts = [" ".join(["word"] * length) for length in (*range(1, 10), *[usual] * 140, longest)]
    train = pd.DataFrame({"text": texts, "label": ["neg", "pos"] * 75})
    later = part(("word " * 2000, "pos"))
    parts = {"train": train, "validation": later, "test": later}
    write_features(tmp_path, parts, Cleaner(), vocabulary_size=100, max_length=0)
    features = Features(tmp_path)
    assert features.max_length == width and features.ids("test").shape == (1, width)
    assert features.max_pieces == 400  # a checkpoint has pieces of words


def test_labels_are_positions_in_the_sorted_classes(features):
    assert features.classes == ["neg", "pos"]
    assert features.labels("train").tolist() == [1, 0, 0]


def test_terms_are_counted_also_where_a_single_document_has_them(features):
    counts = pd.DataFrame(features.counts("train").toarray(), columns=features.terms)
    assert counts["fine"].tolist() == [2, 0, 1] and counts["fine fine day"].tolist() == [1, 0, 0]


def test_vocabulary_keeps_the_most_frequent_words_whatever_the_order_of_documents():
    documents = [["b", "a", "c"], ["b", "c", "a"], ["b"]]
    forwards, backwards = (Counter(chain.from_iterable(order)) for order in (documents, documents[::-1]))
    assert Vocabulary.learn(forwards, size=4).words == ["b", "a"] == Vocabulary.learn(backwards, size=4).words


def test_words_that_only_the_lexicon_has_share_an_id_by_their_kind():
    kinds = learn_word_kinds(Cleaner())
    vocabulary = Vocabulary(["good", "film"], kinds)
    good, film, great, superb, awful, never, very, other = vocabulary.encode_words(
        ["good", "film", "great", "superb", "awful", "never", "very", "other"]
    )
    assert (good, film, other) == (2, 3, UNKNOWN) and great == superb
    assert len({great, awful, never, very}) == 4 and min(great, awful, never, very) > film
    assert max(great, awful, never, very) < len(vocabulary)
    assert vocabulary.is_unknown(np.array([PADDING, film, other, great])).tolist() == [False, False, True, True]
    assert vocabulary.id_kinds()[[great, awful]].tolist() == [kinds["great"], kinds["awful"]]
    of_good = Vocabulary(["film"], kinds).encode_words(["good"])[0] + 1  # there is one word more here
    assert vocabulary.ids_if_unknown()[[PADDING, film, other, good]].tolist() == [PADDING, UNKNOWN, UNKNOWN, of_good]


def test_kinds_of_words_are_spelled_as_the_cleaner_leaves_them_and_are_of_english_texts(tmp_path):
    as_written, stemmed = (learn_word_kinds(Cleaner(**how)) for how in ({"lowercase": False}, {"stemming": "porter"}))
    assert as_written["LOVE"] == as_written["Love"] == as_written["love"] == stemmed["love"]
    assert "loved" in as_written and "loved" not in stemmed
    french = part(("le film était parfait", "pos"), ("un film fatal et laid", "neg"))
    write_features(tmp_path, dict.fromkeys(("train", "validation", "test"), french), Cleaner(), 100, 4)
    assert not Features(tmp_path).vocabulary.kinds


def test_subwords_have_no_kinds(tmp_path_factory):
    pytest.importorskip("tokenizers", reason="requirements-tokenizers.txt is not installed")
    english = part(("this is a good film and I like it", "pos"), ("it was a bad film and not for me", "neg"))
    parts = dict.fromkeys(("train", "validation", "test"), english)
    for tokens in ("word", "subword"):
        features = write_corpus(tmp_path_factory.mktemp("corpus"), parts, tokens=tokens)
        assert bool(features.vocabulary.kinds) == (tokens == "word")


def test_half_of_the_validation_split_with_the_same_classes_is_kept_for_the_choice(tmp_path):
    labels = ["neg"] * 7 + ["pos"] * 4 + ["neg"] * 3
    validation = part(*((f"text {number}", label) for number, label in enumerate(labels)))
    parts = {"train": part(("a text", "pos"), ("a film", "neg")), "validation": validation, "test": validation}
    features = write_corpus(tmp_path, parts, max_length=4)
    halves = [dict(zip(features.texts(split), features.labels(split))) for split in ("validation", "choice")]
    assert [len(half) for half in halves] == [7, 7] and [sum(half.values()) for half in halves] == [2, 2]
    assert halves[0] | halves[1] == {text: int(label == "pos") for text, label in zip(validation["text"], labels)}
    for split in ("validation", "choice"):
        count = len(features.labels(split))
        assert features.ids(split).shape[0] == features.counts(split).shape[0] == len(features.tokens(split)) == count
    # All of them are there for the last fit.
    (tmp_path / "joined").mkdir()
    assert set(features.join_splits(tmp_path / "joined").texts("train")) == {"a text", "a film", *validation["text"]}


def test_near_duplicates_are_in_the_same_half_of_the_validation_split(tmp_path):
    groups = [0, 0, 1, 2, 2, 2, 3, 4, 5, 5, 6, 7]
    validation = part(*((f"text {number}", "pos" if group % 2 else "neg") for number, group in enumerate(groups)))
    train = part(("a text", "pos"), ("a film", "neg")).assign(group=[8, 9])
    parts = {"train": train, "validation": validation.assign(group=groups)}
    features = write_corpus(tmp_path, parts, max_length=4)
    halves = [set(features.groups(split)) for split in ("validation", "choice")]
    assert not halves[0] & halves[1] and [len(half) for half in halves] == [4, 4]
    assert len(features.labels("validation")) + len(features.labels("choice")) == len(groups)


def test_near_duplicates_of_a_single_text_are_divided_all_the_same(tmp_path):
    validation = part(*((f"text {number}", label) for number, label in enumerate(["neg", "pos"] * 3))).assign(group=0)
    train = part(("a text", "pos"), ("a film", "neg")).assign(group=[1, 2])
    features = write_corpus(tmp_path, {"train": train, "validation": validation}, max_length=4)
    assert [len(features.labels(split)) for split in ("validation", "choice")] == [3, 3]


def test_subwords_are_learned_from_the_training_split_alone(tmp_path):
    pytest.importorskip("tokenizers", reason="requirements-tokenizers.txt is not installed")
    train = part(*[("kind kindness", "pos"), ("sad sadness", "neg")] * 3)
    later = part(("kindly sadly kindly sadly kindly sadly", "pos"))
    parts = {"train": train, "validation": later, "test": later}
    write_features(tmp_path, parts, Cleaner(), vocabulary_size=100, max_length=0, tokens="subword")
    features = Features(tmp_path)
    ids = features.ids("test")[0]
    assert {"▁kind", "▁sad", "▁kindness"} <= set(features.vocabulary.words)
    assert not any("l" in piece for piece in features.vocabulary.words) and UNKNOWN in ids
    assert features.network_tokens(["kinds"]) == [["▁kind", "s"]]
