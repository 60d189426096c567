import unicodedata

import pytest

from sentiment.model.text.cleaning import Cleaner

TEXT = "Don't STOP—it’s NOT great!! 😀 foo_bar 3.5 naïve שלום"


@pytest.mark.parametrize(
    "options, expected",
    [
        ({}, "don't stop — it's not great !! 😀 foo _ bar 3 . 5 naïve שלום"),
        ({"lowercase": False}, "Don't STOP — it's NOT great !! 😀 foo _ bar 3 . 5 naïve שלום"),
        ({"strip_punctuation": True}, "don't stop it's not great 😀 foo bar 3 5 naïve שלום"),
        ({"lowercase": False, "stop_words": "english"}, "Don't STOP — it's great !! 😀 foo _ bar 3 . 5 naïve שלום"),
        ({"strip_punctuation": True, "stop_words": "english"}, "don't stop it's great 😀 foo bar 3 5 naïve שלום"),
    ],
)
def test_tokens(options, expected):
    assert Cleaner(**options).tokens(TEXT) == expected.split()


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Loved it:) <3 :-D", ["loved", "it", ":)", "<3", ":-d"]),
        ("Hated it!!!!!! >:( :'(", ["hated", "it", "!!!", ">:(", ":'("]),
        ("5:30 https://example.org", ["5", ":", "30", "https", ":", "//", "example", ".", "org"]),
        ("note:do it", ["note", ":", "do", "it"]),
    ],
)
def test_emoticons_and_repeated_signs_are_tokens(text, expected):
    assert Cleaner().tokens(text) == expected


@pytest.mark.parametrize(
    "text, expected",
    [
        ("这部电影非常好看。", "这 部 电 影 非 常 好 看 。"),
        ("ガンダムは最高だ！", "ガ ン ダ ム は 最 高 だ ！"),
        ("यह फ़िल्म बहुत अच्छी है।", "यह फ़िल्म बहुत अच्छी है ।"),
        ("หนังดีมาก", "ห นั ง ดี ม า ก"),
        ("الفيلمُ رائعٌ جدًّا، أحببته!", "الفيلمُ رائعٌ جدًّا ، أحببته !"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("Фильм отличный, ёлки-палки", "фильм отличный , ёлки - палки"),
        ("Ça m'a plu, l'été", "ça m'a plu , l'été"),
    ],
    ids=["Chinese", "Japanese", "Hindi", "Thai", "Arabic", "Persian", "Russian", "French"],
)
def test_words_of_other_scripts_are_whole_and_the_same_composed_or_not(text, expected):
    expected = [unicodedata.normalize("NFC", token) for token in expected.split()]
    for form in ("NFC", "NFD"):
        assert Cleaner().tokens(unicodedata.normalize(form, text)) == expected
    words = [token for token in expected if token[0].isalpha()]
    assert Cleaner(strip_punctuation=True).tokens(text) == words


@pytest.mark.parametrize("cleaning", ["standard", "tweets"])
def test_invisible_characters_split_no_word(cleaning):
    text = "\ufeffDonau\u00addampf wonder\u200bful is\u2060n't שלום\u200f"
    assert Cleaner(cleaning=cleaning).tokens(text) == ["donaudampf", "wonderful", "isn't", "שלום"]


def test_a_turkish_capital_i_is_the_letter_that_words_have_in_lower_case():
    assert Cleaner().tokens("İyi FİLM") == Cleaner(cleaning="tweets").tokens("İyi FİLM") == ["iyi", "film"]


def test_a_model_asks_for_the_packages_that_its_cleaner_needs_and_no_others():
    options = {}, {"stop_words": "english"}, {"stemming": "porter"}, {"cleaning": "tweets"}
    assert [Cleaner(**given).requirements for given in options] == [(), ("scikit-learn",), ("nltk",), ("nltk",)]


def test_porter_stems():
    assert Cleaner(stemming="porter").tokens("relational hopping caresses") == ["relat", "hop", "caress"]
    assert Cleaner(stemming="porter").tokens("dying") == ["dy"]  # as in 1980; NLTK's own extensions make it die
    assert Cleaner(stemming="porter").tokens("the 90 s") == ["the", "90", "s"]  # of which the stemmer leaves nothing


@pytest.mark.parametrize("text", ["", " \n", "!!!", "\x00", "\u0301", "\u200d"])
def test_a_text_without_words_has_no_letters_in_its_tokens(text):
    assert not any(token.isalnum() for token in Cleaner().tokens(text))


def test_a_text_of_signs_alone_has_them_as_its_tokens():
    assert Cleaner().tokens("!!!") == ["!!!"]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("@JoeS I sooooo LOVED it!!!!", "@user i sooo loved it ! ! !"),
        ("RT @a: https://t.co/x?y=1 www.example.org t.co/abc", "rt @user : http http http"),
        ("#LoveThisFILM2 #so_good #film", "#lovethisfilm2 love this film 2 #so_good so good #film film"),
        (
            "#SuperMÜNCHEN #ÉcoleÉté #don't_stop #हिन्दी",
            "#supermünchen super münchen #écoleété école été #don't_stop don't stop #हिन्दी हिन्दी",
        ),
        ("Loved it:-) <3 :-D =P ❤️ 👩‍👩‍👧 😀😀", "loved it :-) <3 :-d =p ❤ 👩‍👩‍👧 😀 😀"),
        ("great.Love it &amp; it’s well-made . . .", "great . love it & it's well - made ..."),
        ("这部电影 &#xD800; \u0301", "这 部 电 影 \ufffd"),
    ],
    ids=["users", "links", "hashtags", "hashtags elsewhere", "emoticons", "words", "other scripts"],
)
def test_tokens_of_tweets(text, expected):
    tokens = Cleaner(cleaning="tweets").tokens(text)
    assert tokens == expected.split()
    assert [token.lower() for token in Cleaner(cleaning="tweets", lowercase=False).tokens(text)] == tokens


@pytest.mark.parametrize(
    "text, expected",
    [
        ("❤️love ☀️สวย ✌️ужас 🏳️‍🌈 ❤️‍🔥hot", "❤ love ☀ ส ว ย ✌ ужас 🏳\u200d🌈 ❤\u200d🔥 hot"),
        ("\u0301\u0302love \u200dyou", "love you"),
        ("@tanakaさん映画 @a。好", "@user さ ん 映 画 @user 。 好"),
        ("見て https://t.co/abcすごい 見てhttps://t.co/abc、好", "見 て http す ご い 見 て http 、 好"),
        ("#映画最高 #LoveThis映画2", "#映画最高 映 画 最 高 #lovethis映画2 love this 映 画 2"),
        ("don&rsquo;t e&#x301;te&#769; AT&T &lt;3", "don't éte\u0301 at & t <3"),
        ("100000 $1000 soooooo _great_ a_b", "100000 $ 1000 sooo _ great _ a _ b"),
    ],
    ids=["emoji", "marks", "users", "links", "hashtags", "references", "numbers and lines"],
)
def test_tweets_lose_no_word_to_the_sign_before_it(text, expected):
    assert Cleaner(cleaning="tweets").tokens(text) == unicodedata.normalize("NFC", expected).split()


def test_a_tweet_may_have_a_reference_to_a_number_that_is_too_long_to_read():
    assert Cleaner(cleaning="tweets").tokens(f"good &#{'1' * 5000};")[0] == "good"


def test_no_token_of_a_tweet_is_empty():
    assert Cleaner(cleaning="tweets").tokens("good \x1c film") == ["good", "film"]


def test_tweets_without_punctuation_stop_words_and_endings():
    cleaner = Cleaner(cleaning="tweets", strip_punctuation=True, stop_words="english", stemming="porter")
    assert cleaner.tokens("@a It is... #relational, hopping 😀!") == ["@user", "#relat", "relat", "hop", "😀"]
