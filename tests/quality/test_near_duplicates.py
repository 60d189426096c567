import numpy as np
import pandas as pd

from sentiment.corpora.splits import split
from sentiment.quality.near_duplicates import (
    describe_near_duplicates,
    find_pairs,
    group_near_duplicates,
    keep_together,
    list_near_duplicates,
)

STARTS, ENDS = ("ba", "do", "ke", "li", "mu", "pa", "ru", "si"), ("nt", "rel", "so", "va")
WORDS = [start + end for start in STARTS for end in ENDS]


def make_texts(count, seed=0, length=20):
    random = np.random.default_rng(seed)
    return [" ".join(words) for words in random.choice(WORDS, (count, length))]


def edit(text):
    first, *others, last = text.split()
    return " ".join([first.upper() + ",", *others, "other"]) + "!"


def test_edited_copies_are_grouped_and_others_are_not():
    texts = make_texts(2_000)
    copies = [edit(text) for text in texts[:300]]
    groups = group_near_duplicates(pd.Series(texts + copies))
    together = groups[2_000:].to_numpy() == groups[:300].to_numpy()
    assert together.mean() > 0.97
    assert groups[300:2_000].nunique() == 1_700


def test_short_texts_are_copies_only_where_case_and_punctuation_differ_alone():
    short = pd.Series(["It works great!", "works great", "it works GREAT", "i love this phone", "i love this one"])
    groups = group_near_duplicates(short)
    assert groups[0] == groups[2] and groups.nunique() == 4


def test_many_copies_of_one_text_are_one_group_without_every_pair():
    text = make_texts(1)[0]
    copies = sorted({f"{text} {word}" for word in make_texts(1, seed=1, length=600)[0].split()})
    assert len(find_pairs(copies)) < 40 * len(copies)
    assert group_near_duplicates(pd.Series(copies)).nunique() == 1


def test_groups_do_not_depend_on_the_order_of_the_texts():
    texts = pd.Series(make_texts(300) + [edit(text) for text in make_texts(300)[:50]])
    shuffled = texts.sample(frac=1, random_state=1)
    assert group_near_duplicates(shuffled).sort_index().equals(group_near_duplicates(texts))


def test_near_duplicates_share_a_split_and_no_other_text_moves():
    originals = make_texts(1_000)
    texts = pd.Series(originals + [edit(text) for text in originals[:200]])
    frame = pd.DataFrame({"id": texts.index.map(str), "text": texts, "label": np.array(["a", "b"])[texts.index % 2]})
    groups = keep_together(group_near_duplicates(texts), texts)
    apart, together = (
        pd.concat([part.assign(split=name) for name, part in parts.items()]).set_index("id")["split"]
        for parts in (split(frame, 0.2, 0.2, 42, True), split(frame, 0.2, 0.2, 42, True, groups))
    )
    pairs = [(str(number), str(1_000 + number)) for number in range(200)]
    assert sum(apart[first] != apart[second] for first, second in pairs) > 60
    assert sum(together[first] != together[second] for first, second in pairs) < 8
    alone = [str(number) for number in range(200, 1_000)]
    assert (apart[alone] == together[alone]).all()


def test_a_template_that_half_of_the_corpus_follows_is_not_put_into_one_split():
    text = make_texts(1)[0]
    texts = pd.Series([f"{text} {number}" for number in range(100)] + make_texts(100, seed=1))
    groups = group_near_duplicates(texts)
    assert groups[:100].nunique() == 1
    assert keep_together(groups, texts)[:100].nunique() == 100


def test_up_to_five_copies_are_kept_together_in_however_small_a_corpus():
    groups = pd.Series(["a"] * 5 + ["f"] * 6 + ["l"])
    assert keep_together(groups, pd.Series(list("abcdefghijkl"))).tolist() == ["a"] * 5 + list("fghijkl")


def test_the_largest_groups_are_listed_first_and_of_each_the_test_texts():
    frame = pd.DataFrame({"id": list("123456"), "text": list("uvwxyz"), "label": ["neg", "pos", *["neg"] * 3, "pos"]})
    frame["split"] = ["train", "test", *["train"] * 4]
    found = list_near_duplicates(frame, pd.Series(list("uuxxxz"), index=list("uvwxyz")))
    assert found["text"].tolist() == ["w", "x", "y", "v", "u"] and found["group"].tolist() == [1, 1, 1, 2, 2]
    assert "In 1 groups the labels differ" in describe_near_duplicates(found, None).says


def describe(*groups, alone=False):
    """What is said of groups of texts in these splits; alone: where each text would be in the training split."""
    rows = [(str(group), "a text", "neg", split, group) for group, splits in enumerate(groups) for split in splits]
    listed = pd.DataFrame(rows, columns=["id", "text", "label", "split", "group"])
    return describe_near_duplicates(listed, pd.Series("train", index=listed.index) if alone else None)


def test_copies_in_the_test_split_are_told_from_those_in_the_training_and_the_validation_split():
    apart = describe(["train", "train"])
    assert not apart.warning and apart.says == (
        "2 texts are near-duplicates, in 1 group of up to 2. None of the groups span the splits of the source. "
        "They are listed in profile/near_duplicates.csv."
    )
    chosen = describe(["train", "validation"], ["test", "test"])
    assert chosen.warning and "1 of the groups span the splits of the source. 1 of these have " in chosen.says
    assert "test" not in chosen.says and "looks better when models are chosen." in chosen.says
    both = describe(["train", "validation"], ["test", "train"], ["test", "validation"], alone=True)
    assert "and 3 still do: too large" in both.says and " 2 of these have texts in the test split and " in both.says
    assert describe(["test", "test"], alone=True).says.startswith(
        "2 texts are near-duplicates, in 1 group of up to 2. 0 of the groups would have spanned the splits, and"
    )
