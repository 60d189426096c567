import numpy as np
import pandas as pd
import pytest

from sentiment.errors import UserError
from sentiment.features.store import Features
from sentiment.features.vectors import read_glove, word_vectors
from sentiment.features.writing import write_features
from sentiment.model.text.cleaning import Cleaner
from sentiment.model.text.vocabulary import PADDING, RESERVED, UNKNOWN


@pytest.fixture
def features(tmp_path):
    (tmp_path / "features").mkdir()
    (tmp_path / "dataset").mkdir()
    texts = ["a good film and a good story", "a bad film and a bad story"] * 30
    part = pd.DataFrame({"text": texts, "label": ["pos", "neg"] * 30})
    part.to_parquet(tmp_path / "dataset" / "train.parquet")
    parts = dict.fromkeys(("train", "validation", "test"), part)
    write_features(tmp_path / "features", parts, Cleaner(), 100, 10)
    return Features(tmp_path / "features", tmp_path / "dataset")


def test_glove_vectors_go_to_their_words_and_coverage_is_the_share_of_the_vocabulary(features, tmp_path):
    file = tmp_path / "glove.txt"
    file.write_text("good 100 200 300\nof the 9 9 9\nbad -100 -200 -600\nelsewhere 0 0 0\n", encoding="utf-8")
    matrix, coverage = word_vectors("glove", str(file), features, 50, 0)
    words = features.vocabulary.words
    assert matrix.shape == (len(features.vocabulary), 3) and matrix.dtype == np.float32
    assert matrix[words.index("good") + RESERVED].tolist() == [100, 200, 300]
    assert matrix[words.index("bad") + RESERVED].tolist() == [-100, -200, -600]
    assert not matrix[PADDING].any() and matrix[UNKNOWN].tolist() == [0, 0, -150]  # the mean of the two
    others = [number for number, word in enumerate(words, start=RESERVED) if word not in ("good", "bad")]
    assert 100 < matrix[others].std() < 900  # as the two: 296
    assert coverage == 2 / len(words)
    assert np.array_equal(matrix, word_vectors("glove", str(file), features, 50, 0)[0])


@pytest.mark.parametrize("line", ["good 1 2", "good 1 2 x", "good 1 2 nan", "", "good", "a -0.1 2 3 4"])
def test_a_line_that_does_not_parse_is_an_error_with_its_number(tmp_path, line):
    file = tmp_path / "glove.txt"
    file.write_text(f"a 1 2 3\nb 1 2 3\n{line}\nc 1 2 3\n", encoding="utf-8")
    with pytest.raises(UserError, match="line 3: expected a word and 3 numbers"):
        read_glove(str(file), ["a"])


def test_a_header_and_blanks_at_the_end_of_lines_are_no_part_of_the_vectors(tmp_path):
    file = tmp_path / "wiki.vec"
    file.write_bytes(b"3 2\ngood 1 2 \r\ngood 95 9 9 \nbad 3 4 \n")
    found = read_glove(str(file), ["good", "bad", "3"])
    assert {word: vector.tolist() for word, vector in found.items()} == {"good": [1, 2], "bad": [3, 4]}


@pytest.mark.parametrize("numbers", ["0 0 0", "1e37 -1e37 1e37"])
def test_vectors_with_which_nothing_can_be_trained_are_refused(features, tmp_path, numbers):
    file = tmp_path / "glove.txt"
    file.write_text(f"good {numbers}\nbad {numbers}\n", encoding="utf-8")
    with pytest.raises(UserError, match="a standard deviation of (0|inf), expected one above 0 and finite"):
        word_vectors("glove", str(file), features, 50, 0)


def test_a_file_that_is_not_there_or_has_none_of_the_words(features, tmp_path):
    with pytest.raises(UserError, match="embedding_file=nowhere.txt cannot be read"):
        word_vectors("glove", "nowhere.txt", features, 50, 0)
    (tmp_path / "other.txt").write_text("xyz 1 2\n", encoding="utf-8")
    with pytest.raises(UserError, match="none of the 6 words"):
        word_vectors("glove", str(tmp_path / "other.txt"), features, 50, 0)


def test_word2vec_learns_from_the_training_split_and_reads_its_files(features, tmp_path):
    gensim = pytest.importorskip("gensim", reason="gensim is an extra: requirements-word2vec.txt")
    matrix, coverage = word_vectors("word2vec", "", features, 8, 0)
    assert matrix.shape[1] == 8 and coverage == 1.0
    assert np.array_equal(matrix, word_vectors("word2vec", "", features, 8, 0)[0])
    vectors = gensim.models.KeyedVectors(3)
    vectors.add_vectors(["good", "bad"], np.array([[1, 2, 3], [4, 5, 6]], np.float32))
    for name, binary in (("vectors.txt", False), ("vectors.bin", True)):
        vectors.save_word2vec_format(str(tmp_path / name), binary=binary)
        read, _ = word_vectors("word2vec", str(tmp_path / name), features, 8, 0)
        assert read[features.vocabulary.words.index("bad") + RESERVED].tolist() == [4, 5, 6]
    (tmp_path / "broken.txt").write_text("no header\n", encoding="utf-8")
    with pytest.raises(UserError, match="cannot be read as word2vec"):
        word_vectors("word2vec", str(tmp_path / "broken.txt"), features, 8, 0)
