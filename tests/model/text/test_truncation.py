import numpy as np
import pytest

from sentiment.model.text.truncation import MAX_CHUNKS, padded_width, truncate
from sentiment.model.text.vocabulary import Vocabulary

TEXT = list("abcdefghij")


@pytest.mark.parametrize(
    "truncation, kept",
    [("last", "cdefghij"), ("first", "abcdefgh"), ("head_tail", "abefghij"), ("chunks", "abcdefghij")],
)
def test_what_is_kept_of_a_longer_text(truncation, kept):
    assert truncate(TEXT, 8, truncation) == list(kept)
    assert truncate(TEXT[:8], 8, truncation) == TEXT[:8] and truncate([], 8, truncation) == []
    if truncation != "chunks":
        assert all(len(truncate(TEXT, length, truncation)) == length for length in range(1, 11))


def test_chunks_have_as_many_columns_as_the_longest_text_needs():
    assert (
        padded_width([3, 10], 4, "chunks") == 12
        and padded_width([8], 4, "chunks") == 8
        and padded_width([], 4, "chunks") == 4
    )
    assert padded_width([10_000], 4, "chunks") == 4 * MAX_CHUNKS == len(truncate(list(range(10_000)), 4, "chunks"))
    ids = Vocabulary(TEXT).encode([TEXT, ["a"], []], 4, "chunks")
    assert ids.shape == (3, 12) and np.count_nonzero(ids, axis=1).tolist() == [10, 1, 0]
