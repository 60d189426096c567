import pandas as pd
import pytest

from sentiment.corpora.splits import clean, comparison_form, digest, hash_text, split
from sentiment.errors import UserError


def corpus(**counts):
    rows = [
        (f"{label}{number}", f"text {number} of {label}", label)
        for label, count in counts.items()
        for number in range(count)
    ]
    return pd.DataFrame(rows, columns=["id", "text", "label"])


def test_duplicates_empty_texts_and_contradictions_go_and_are_counted():
    frame = pd.DataFrame(
        [
            ("1", "good", "pos"),
            ("2", "good ", "pos"),
            ("3", "  ", "pos"),
            ("4", "so so", "pos"),
            ("5", "so so", "neg"),
            ("6", "bad", "neg"),
            ("7", "unlabelled", ""),
        ],
        columns=["id", "text", "label"],
    )
    kept, dropped = clean(frame)
    assert kept["id"].tolist() == ["1", "6"]
    assert dropped == {
        "dropped_empty_texts": 1,
        "dropped_missing_labels": 1,
        "dropped_contradictions": 2,
        "dropped_duplicates": 1,
    }


@pytest.mark.parametrize(
    "texts, labels, expected",
    [(["", " "], ["a", "b"], "all 2 documents dropped"), (["x", "y"], ["a", "a"], "one class, 'a'")],
)
def test_nothing_to_learn_from_is_an_error(texts, labels, expected):
    with pytest.raises(UserError, match=expected):
        clean(pd.DataFrame({"id": texts, "text": texts, "label": labels}))


def members(parts):
    return {name: set(part["id"]) for name, part in parts.items()}


def test_splits_share_no_text_have_about_their_shares_and_follow_the_seed():
    frame = corpus(a=3000, b=1000)
    parts = split(frame, 0.2, 0.1, seed=1, stratify=True)
    together = pd.concat(parts.values())
    assert sorted(together["id"]) == sorted(frame["id"])
    for name, share in (("train", 0.72), ("validation", 0.08), ("test", 0.2)):
        counts = parts[name]["label"].value_counts()
        assert counts["a"] / 3000 == pytest.approx(share, abs=0.03)
        assert counts["b"] / 1000 == pytest.approx(share, abs=0.04)
    assert digest(parts) == digest(split(frame.sample(frac=1), 0.2, 0.1, seed=1, stratify=True))
    assert digest(parts) != digest(split(frame, 0.2, 0.1, seed=2, stratify=True))
    assert digest(parts) != digest(split(frame.assign(slice="web"), 0.2, 0.1, seed=1, stratify=True))


def test_a_text_stays_in_its_split_when_the_corpus_grows_and_a_test_text_in_a_larger_test_split():
    few, many = corpus(a=300, b=40), corpus(a=900, b=500, c=30)
    before, after = (members(split(frame, 0.2, 0.1, seed=42, stratify=True)) for frame in (few, many))
    for name, ids in before.items():
        assert ids == after[name] & set(few["id"])
    assert before["test"] < members(split(few, 0.4, 0.1, seed=42, stratify=True))["test"]


def test_texts_that_differ_in_case_punctuation_or_white_space_share_a_split():
    texts = [text for n in range(200) for text in (f"A gem, number {n}!", f"a GEM  number {n}", f"A gem (number {n})")]
    frame = pd.DataFrame({"id": list(map(str, range(600))), "text": texts, "label": ["a", "b", "a"] * 200})
    for ids in members(split(frame, 0.2, 0.1, seed=42, stratify=True)).values():
        assert len({int(number) // 3 for number in ids}) * 3 == len(ids)
    signs = pd.DataFrame({"id": list(map(str, range(90))), "text": [":)" * n for n in range(1, 91)], "label": "a"})
    assert signs["text"].map(lambda text: hash_text(text, 42)).nunique() == 90  # no words, and not all in one split


def test_texts_that_differ_in_case_alone_have_one_order_whatever_that_of_the_file():
    frame = corpus(a=200, b=200)
    louder = frame.assign(id=frame["id"] + "!", text=frame["text"].str.upper())
    both = pd.concat([frame, louder], ignore_index=True)
    given, turned = (split(rows, 0.2, 0.1, seed=1, stratify=True) for rows in (both, both[::-1]))
    assert digest(given) == digest(turned)


def test_words_that_differ_in_a_combining_vowel_are_others():
    for one, other in (("ดี", "ดู"), ("की", "के")):  # Thai: good, look; Hindi: of
        assert hash_text(one, 42) != hash_text(other, 42)
    assert hash_text("good ❤️", 42) == hash_text("good", 42)  # a sign with a mark is a sign


def test_texts_that_differ_in_their_symbols_share_a_split_and_are_not_the_same_text():
    for texts in (["Ok 😍", "Ok 😡", "ok"], ["★★★★★", "★☆☆☆☆"], ["C++", "C#", "C"], ["Hm :)", "Hm :("]):
        assert len(set(map(comparison_form, texts))) == len(texts)
    assert len({hash_text(text, 42) for text in ("Ok 😍", "Ok 😡", "ok")}) == 1
    for one, other in (("I love it ❤️!", "i love it ❤"), ("Don`t “go”…", "don't go"), ("C＋＋", "c++")):
        assert comparison_form(one) == comparison_form(other)


def test_a_rare_class_is_in_every_split_if_it_is_asked_to_be():
    frame = corpus(common=400, rare=4)
    parts = split(frame, 0.2, 0.1, seed=42, stratify=True)
    assert [(part["label"] == "rare").sum() for part in parts.values()] == [2, 1, 1]
    with pytest.raises(UserError, match="'rare' has 4"):
        split(frame, 0.2, 0.1, seed=42, stratify=False)


@pytest.mark.parametrize(
    "present, by_hash",  # by_hash: where its texts end, by their hashes: test, validation or Training
    [
        ((1, 4, 0), "tvvTT"),
        ((2, 3, 0), "tvvTT"),
        ((2, 0, 3), "ttvTT"),
        ((0, 4, 0), "tvTT"),
        ((0, 0, 4), "tTTv"),
        ((1, 1, 2), "tTvT"),
        ((0, 2, 3), "ttTvT"),
    ],
)
def test_a_rare_class_of_enough_texts_is_in_every_split_whichever_its_texts_fall_into(present, by_hash):
    common, candidates = corpus(common=400), corpus(rare=400)
    both = pd.concat([common, candidates], ignore_index=True)
    fallen = members(split(both, 0.2, 0.2, seed=42, stratify=False))
    split_of = candidates["id"].map({row: name for name, ids in fallen.items() for row in ids})
    rare = [candidates[split_of == name][:count] for name, count in zip(("train", "validation", "test"), present)]
    parts = split(pd.concat([common, *rare], ignore_index=True), 0.2, 0.2, seed=42, stratify=True)
    found = [(part["label"] == "rare").sum() for part in parts.values()]
    assert found[0] >= 2 and min(found) >= 1 and sum(found) == sum(present)
    ends = {
        hash_text(text, 42): initial
        for initial, part in zip("Tvt", parts.values())
        for text in part["text"][part["label"] == "rare"]
    }
    assert "".join(ends[number] for number in sorted(ends)) == by_hash  # what is borrowed is the nearest


@pytest.mark.parametrize("stratify", [True, False])
def test_a_class_too_small_for_three_splits_is_named(stratify):
    with pytest.raises(UserError, match="'rare' has 3"):  # none of which is left for a cross-validation
        split(corpus(common=100, rare=3), 0.2, 0.1, seed=42, stratify=stratify)
    with pytest.raises(UserError, match=r"'a{60}' has 1 of"):  # a column of texts
        split(corpus(common=100, **{"a" * 90: 1}), 0.2, 0.1, seed=42, stratify=stratify)


def partly_labelled(people, others):
    frame = corpus(neg=(people + others) // 2, pos=(people + others) // 2)
    frame["text"] = [f"text {number}" for number in range(len(frame))]
    frame = frame.sample(frac=1, random_state=0).reset_index(drop=True)
    return frame.assign(labelled_by=["human"] * people + ["vader"] * others)


def shares(parts):
    return {name: (part["labelled_by"] == "human").mean() for name, part in parts.items()}


@pytest.mark.parametrize("people", [40, 200, 1000])
def test_labels_of_people_go_to_test_and_validation_first_and_the_sizes_are_the_usual_ones(people):
    frame = partly_labelled(people, 2000 - people)
    parts = split(frame, 0.2, 0.2, 42, True)
    assert [len(part) for part in parts.values()] == pytest.approx([1280, 320, 400], abs=50)
    found = shares(parts)
    if people < 720:  # the two have room for all
        assert found["train"] == 0
        of_people = {name: int(found[name] * len(part)) for name, part in parts.items()}
        assert of_people["test"] == pytest.approx(people * 20 / 36, abs=15)
    else:
        assert found["test"] == found["validation"] == 1 and found["train"] > 0


def test_more_texts_without_a_label_move_none_that_people_labelled():
    frame = partly_labelled(100, 900)
    fewer = split(frame[:500], 0.2, 0.2, 42, False)
    more = split(frame, 0.2, 0.2, 42, False)
    for name in ("test", "validation"):
        of_people = [set(parts[name]["text"][parts[name]["labelled_by"] == "human"]) for parts in (fewer, more)]
        assert of_people[0] == of_people[1]


def test_texts_that_differ_in_signs_alone_share_a_split_whoever_labelled_them():
    frame = partly_labelled(100, 900)
    same = frame[:100].assign(text=frame["text"][:100] + "!", labelled_by="vader")
    parts = split(pd.concat([frame, same], ignore_index=True), 0.2, 0.2, 42, True)
    for part in parts.values():
        texts = set(part["text"])
        assert all(text.rstrip("!") in texts for text in texts)


def test_a_class_that_labelers_never_give_is_told():
    frame = partly_labelled(100, 900)
    frame.loc[:9, "label"] = "neutral"
    with pytest.raises(UserError, match="'neutral' has 10 .* choose labelers that give every class, or smaller shares"):
        split(frame, 0.2, 0.2, 42, True)
    split(frame.drop(columns="labelled_by"), 0.2, 0.2, 42, True)
