import pytest

from sentiment.errors import UserError
from sentiment.model.text.subwords import Subwords

pytest.importorskip("tokenizers", reason="requirements-tokenizers.txt is not installed")

WORDS = [["unhappy", "unkind", "happy", "kind", "!"], ["unhappiness", "kindness", "happiness"]] * 5


def test_words_are_split_into_what_they_have_in_common_and_nothing_crosses_them():
    subwords = Subwords.learn(WORDS, size=40)
    (found,) = subwords.split([["unkindness", "happy"]])
    assert "".join(found) == "▁unkindness▁happy"
    assert 2 < len(found) < len("unkindness happy") and subwords.split([[], ["happy"]])[0] == []
    assert Subwords.learn(WORDS, size=40).content == subwords.content


def test_half_of_a_surrogate_pair_is_an_unknown_character():
    subwords = Subwords.learn([["good", "film"]] * 3, 50)
    assert "".join(subwords.split([["good", "\ud83d"]])[0]).startswith("▁good")


def test_characters_that_no_training_text_has_are_unknown():
    (found,) = Subwords.learn(WORDS, size=40).split([["happy", "日"]])
    assert found[-1] == "[UNK]"


@pytest.mark.parametrize(
    "handle, message",
    [
        ("", "tokens=checkpoint without pretrained"),
        ("missing", "pretrained=missing has no tokenizer.json"),
        ("broken", "its tokenizer.json cannot be read"),
    ],
)
def test_what_is_no_tokenizer_is_one_line(handle, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "tokenizer.json").write_text("{}")
    with pytest.raises(UserError, match=message) as error:
        Subwords.of_checkpoint(handle)
    assert "\n" not in str(error.value)
