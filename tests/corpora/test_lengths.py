import pytest

from sentiment.corpora.lengths import count_words
from sentiment.model.text.cleaning import Cleaner


@pytest.mark.parametrize(
    "text, count",
    [
        ("", 0),
        ("It isn't  good , is it?", 6),
        ("Очень «хороший» — фильм", 4),
        ("这部电影非常好看。", 8),
        ("映画は「最高」、10 点", 7),
        ("หนังดีมาก", 7),
        ("iPhone最高 😀", 4),
    ],
)
def test_words_are_counted_at_blanks_and_by_characters_where_there_are_none(text, count):
    assert count_words(text) == count


def test_a_text_without_blanks_has_as_many_words_as_tokens():
    for text in ("这部电影非常好看", "ガンダムは最高だ", "หนังดีมาก", "ਰ ដ"):
        assert count_words(text) == len(Cleaner().tokens(text))
