import mlflow
import numpy as np
import pandas as pd
import pytest

from sentiment.corpora.corpus import Corpus
from sentiment.corpora.reading import CorpusInput
from sentiment.corpora.splits import clean, split
from sentiment.labelling.weak_labels import Thresholds, add_weak_labels
from sentiment.quality.balance import describe_balance
from sentiment.quality.check import DataCheck, check_data, log_check, read_check
from sentiment.quality.finding import Finding
from sentiment.quality.label_errors import describe_label_errors
from sentiment.quality.language import describe_languages
from sentiment.quality.leakage import describe_leakage
from sentiment.quality.lengths import count_cut, count_lengths, describe_lengths
from sentiment.quality.near_duplicates import group_near_duplicates
from sentiment.quality.personal_data import describe_personal_data, excerpt

PARTS = dict.fromkeys(("train", "validation", "test"), pd.DataFrame({"label": ["a"] * 90 + ["b"] * 10}))


@pytest.mark.parametrize(
    "text, masked",
    [
        ("Write to jane.roe+shop@mail.example.org now", "Write to j***@m***.org now"),
        ("call +49 (30) 1234-5678.", "call +** (**) ****-**78."),
        ("call (555) 123-4567 or 555.123.4567", "call (***) ***-**67 or ***.***.**67"),
        ("ruf an: 030/1234567", "ruf an: ***/*****67"),
        ("電話03-1234-5678まで10時 โทร081-234-5678ครับ", "電話**-****-**78まで10時 โทร***-***-**78ครับ"),
        ("手机13812345678。", "手机*********78。"),
        ("06 12 34 56 78 ou 06.12.34.56.78", "** ** ** ** 78 ou **.**.**.**.78"),
        ("звоните 8 (495) 123-45-67", "звоните * (***) ***-**-67"),
    ],
)
def test_personal_data_is_found_and_shown_masked(text, masked):
    found = describe_personal_data([text])
    assert found.count and found.warning and excerpt(text) == masked
    assert "jane" not in str(found) and "1234" not in str(found)


@pytest.mark.parametrize(
    "text",
    [
        "in 2004, 10/12/2004 or 2004-12-31",
        "1,000,000 of 1.000.000.000",
        "@anonymous 5 @ 3",
        "3.14159265358",
        "0.13812345678",
    ],
)
def test_dates_and_numbers_are_no_personal_data(text):
    assert describe_personal_data([text]).count == 0 and excerpt(text) == text


def test_a_token_an_id_and_a_label_that_give_the_class_away_are_named():
    random = np.random.default_rng(0)
    labels = np.array(["ham", "spam"])[np.arange(600) % 2]
    words = random.choice(["film", "story", "actor", "scene"], (600, 5))
    documents = []
    for number, (row, label) in enumerate(zip(words, labels)):
        tracked = label == "spam" and number % 4
        named = label == "ham" and number % 20 == 0
        both = ["spam"] * (number % 3 == 0) + ["rather"] * (number % 4 == 0 or number % 20 == 1)  # tell little
        documents.append([*row, *["tracker"] * bool(tracked), *["ham"] * named, *both])
    ids = pd.Series([f"msg{number:05}" for number in range(600)])
    texts = pd.Series([" ".join(tokens) for tokens in documents])
    found = describe_leakage(documents, labels, texts, ids)
    named = [row[:2] for row in found.examples[1:]]
    assert found.warning and named == [["the token 'tracker'", "spam"], ["the label's name", "ham"]]
    with_ids = describe_leakage(documents, labels, ids + " " + texts, ids)
    assert ["a text's own id", "", "600 texts"] in with_ids.examples
    by_chance = pd.Series(["film"] * 600)  # the id of any other text as well
    numbered = texts.where(texts.index % 5 > 0, "order 1234567: " + texts)
    others = describe_leakage(documents, labels, numbered, by_chance).examples[3:]
    assert others == [["a number or key like an id", "", "120 texts"]]


def test_languages_are_counted_and_a_second_one_is_a_warning():
    english = ["The food was cold and the waiter was very unfriendly to us."] * 90
    german = ["Das Essen war kalt und der Kellner sehr unfreundlich."] * 10
    assert not describe_languages(english).warning
    found = describe_languages(german + english)
    assert found.warning and found.count == 10 and "en 90, de 10" in found.says and found.examples[1][0] == "de"
    assert not describe_languages(["ok", "1234"]).warning
    unclear = describe_languages(english + ["ok 1234"] * 10)
    assert "Of 100 texts 90 are clear: en 90" in unclear.says and not unclear.warning


def test_an_unbalanced_corpus_and_rare_classes_are_a_warning():
    found = describe_balance(PARTS)
    assert found.warning and "accuracy of 0.900" in found.says and "b 10" in found.says


@pytest.mark.parametrize("rest, warns", [(200, True), (201, False)])
def test_an_unbalanced_corpus_is_a_warning_by_itself(rest, warns):
    train, test = (pd.DataFrame({"label": ["a"] * a + ["b"] * b}) for a, b in ((1000 - rest, rest), (300, 100)))
    found = describe_balance({"train": train, "test": test})
    assert "80% of the training texts are a;" in found.says and "accuracy of 0.750 on" in found.says
    assert (found.warning, "metric=balanced_accuracy" in found.says, found.count) == (warns, warns, 0)


def test_the_rarest_classes_are_named_first_and_the_others_counted():
    counts = {f"{number} words": number for number in range(1, 13)} | {"none": 0, "many": 40}
    test = pd.DataFrame({"label": [label for label, count in counts.items() for _ in range(count)]})
    found = describe_balance({"train": pd.DataFrame({"label": list(counts)}), "test": test})
    assert found.count == 13
    assert found.says.endswith(": none 0, 1 words 1, 2 words 2, 3 words 3, 4 words 4 and 8 more.")


def test_of_two_classes_of_one_size_the_first_by_name_is_the_majority_as_in_the_comparison():
    parts = {name: pd.DataFrame({"label": ["pos"] * 50 + ["neg"] * 50}) for name in ("train", "validation", "test")}
    assert "50% of the training texts are neg;" in describe_balance(parts).says


def test_cut_texts_are_counted():
    lengths = count_lengths([["a"] * size for size in (1, 10, 10, 500)])
    assert lengths == {1: 1, 10: 2, 500: 1} and [count_cut(lengths, size) for size in (5, 400, 500)] == [3, 1, 0]
    assert describe_lengths(lengths, 400).warning and not describe_lengths(lengths, 500).warning
    said = describe_lengths({1: 10, 2: 10, 50: 70, 90: 9, 400: 1}).says
    assert "Half of 100 texts have at most 50 tokens, 99% at most 90." in said and "with 2 or fewer: 20." in said


def test_cut_texts_are_counted_in_the_tokens_that_networks_read(tracked):
    none = pd.DataFrame(columns=["id", "text", "label", "split", "group"])
    check = DataCheck([describe_balance(PARTS), describe_lengths({9: 360})], none, none)
    with mlflow.start_run() as run:
        log_check(check)

    def said(lengths):
        check = read_check(mlflow.get_run(run.info.run_id), lengths, 30)
        return {found.title: found for found in check}

    assert said({10: 300, 40: 60})["Lengths"].count == 60  # though no text has 30 words
    assert said({10: 300, 40: 60}).keys() - said({}).keys() == {"Lengths"}


def test_the_sample_has_nothing_to_warn_of_and_each_check_says_something():
    frame, _ = clean(CorpusInput(Corpus("sample")).read())
    groups = group_near_duplicates(frame["text"]).set_axis(frame["text"])
    check = check_data(split(frame, 0.2, 0.2, 42, True), groups, 0.2, 0.2, 42)
    assert not any(found.warning for found in check.findings) and all(found.says for found in check.findings)
    assert 0 < len(check.suspects) < 0.1 * len(frame) and check.near_duplicates.empty
    assert list(check.suspects) == ["id", "text", "label", "suggested", "probability", "split"]
    assert (check.suspects["label"] != check.suspects["suggested"]).all()


@pytest.mark.parametrize("labeler", ["vader", "opinion_lexicon + vader"])
def test_labels_of_vader_are_not_checked_by_a_model_that_reads_its_scores(labeler):
    frame, _ = clean(CorpusInput(Corpus("sample")).read())
    right = frame.set_index("text")["label"]
    weak, _ = add_weak_labels(frame.assign(label=""), ["vader"], Thresholds(-0.05, 0.05, "auto"))
    kept, _ = clean(weak.assign(labelled_by=labeler))
    groups = pd.Series(kept["text"].to_numpy(), index=kept["text"])
    suspects = check_data(split(kept, 0.2, 0.2, 42, True), groups, 0.2, 0.2, 42).suspects
    wrong = suspects["label"] != right[suspects["text"]].to_numpy()
    assert wrong.sum() >= 20


def test_the_splits_that_copies_would_have_had_are_those_by_whose_labels_people_gave():
    texts = [f"{number} a text of a few words that somebody has copied" for number in range(40)]
    texts += [f"{number} {' '.join(chr(97 + number % 26) * 6 for _ in range(4))}" for number in range(400)]
    frame = pd.DataFrame({"id": texts, "text": texts, "label": ["neg", "pos"] * 220})
    frame["labelled_by"] = ["human"] * 40 + ["vader"] * 400  # the copies all go to validation and test
    groups = pd.Series(texts, index=texts)
    groups[:40] = np.repeat(texts[:40:2], 2)
    parts = split(frame, 0.2, 0.2, 42, True)
    check = check_data(parts, groups, 0.2, 0.2, 42)
    by_text = pd.concat([part.assign(split=name) for name, part in parts.items()]).set_index("text")["split"]
    apart = sum(by_text[first] != by_text[second] for first, second in zip(texts[:40:2], texts[1:40:2]))
    assert any(f" {apart} of the groups would have spanned" in found.says for found in check.findings)
    check = check_data(parts, groups, 0.2, 0.2, 42, own_splits=True)
    assert any(f" {apart} of the groups span the splits of the" in found.says for found in check.findings)
    assert check.metrics()["near_duplicate_groups_across_splits"] == apart


def test_of_a_large_corpus_a_share_of_each_split_is_read_and_of_a_long_text_the_end(monkeypatch):
    given = {}

    def find_label_errors(documents, labels, is_test, *_):
        given.update(documents=documents, tests=is_test.sum())
        return pd.DataFrame({"row": [0], "suggested": ["pos"], "probability": [0.9]})

    monkeypatch.setattr("sentiment.quality.check.SAMPLE", 30)
    monkeypatch.setattr("sentiment.quality.check.READ", 2)
    monkeypatch.setattr("sentiment.quality.check.find_label_errors", find_label_errors)
    texts = [f"beginning middle{number} of the end" for number in range(60)]
    frame = pd.DataFrame({"id": texts, "text": texts, "label": ["neg", "pos"] * 30})
    parts = {"train": frame[:40], "validation": frame[40:50], "test": frame[50:]}
    found = check_data(parts, pd.Series(texts, index=texts), 0.2, 0.2, 42, own_splits=True)
    assert given == {"documents": [["the", "end"]] * 30, "tests": 5}
    assert any("1 of 30 labels are doubted" in one.says for one in found.findings)


def test_the_sample_of_a_large_corpus_has_the_texts_of_people_in_their_share(monkeypatch):
    """split orders each part by the hash, and those of people have thresholds of their own."""
    sampled = []

    def find_label_errors(documents, labels, is_test, lexicon, *_):
        sampled.extend(document[0] for document in documents)
        return pd.DataFrame({"row": [], "suggested": [], "probability": []}).astype({"row": int})

    monkeypatch.setattr("sentiment.quality.check.SAMPLE", 1000)
    monkeypatch.setattr("sentiment.quality.check.find_label_errors", find_label_errors)
    by = np.where(np.random.default_rng(0).random(3000) < 0.5, "human", "machine")
    texts = [f"{who} {number}" for number, who in enumerate(by)]
    frame = pd.DataFrame({"id": texts, "text": texts, "label": ["neg", "pos"] * 1500, "labelled_by": by})
    check_data(split(frame, 0.2, 0.2, 42, True), pd.Series(texts, index=texts), 0.2, 0.2, 42)
    assert abs(sampled.count("human") / len(sampled) - (by == "human").mean()) < 0.05


def test_the_description_of_a_run_has_the_first_examples_of_a_warning_and_no_other():
    rows = [["what", "class"], *([f"the `token` {number}", ""] for number in range(5))]
    findings = [Finding("Leakage", 5, "It leaks.", True, rows), Finding("Lengths", 0, "All short.", False, rows)]
    shown = DataCheck(findings, pd.DataFrame(), pd.DataFrame()).markdown().splitlines()
    assert shown[2:] == [
        "- ⚠ **Leakage**: It leaks.",
        "    - `the 'token' 0`",
        "    - `the 'token' 1`",
        "    - `the 'token' 2`",
        "- **Lengths**: All short.",
    ]


def test_a_class_whose_name_looks_like_html_is_shown_in_the_description_of_a_run():
    parts = {name: pd.DataFrame({"label": ["A & B <refund>"] * 9 + ["b"]}) for name in PARTS}
    shown = DataCheck([describe_balance(parts)], pd.DataFrame(), pd.DataFrame()).markdown()
    assert "90% of the training texts are A & B &lt;refund>;" in shown


def test_where_no_label_is_doubted_nothing_is_to_be_corrected():
    suspects = pd.DataFrame({"text": [], "label": [], "suggested": [], "probability": [], "split": []})
    says = describe_label_errors(suspects, 1440, 288).says
    assert says == "0 of 1440 labels are doubted by a model that was not trained on them."


def test_until_max_length_is_chosen_long_texts_are_those_beyond_the_longest_default():
    lengths = {9: 4, 500: 1}
    assert "Longer than 400, the most by default that a network reads at once: 1;" in describe_lengths(lengths).says
    assert "Longer than the 16 that a network reads at once: 1;" in describe_lengths(lengths, 16).says
