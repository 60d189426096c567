import mlflow
import pytest

from sentiment.reports.card import _compare_with_champion, _describe_dataset, _list_limits
from tests.reports.rows import row


def test_the_corpus_is_named_as_it_was_typed_and_not_as_the_shell_needs_it(tracked):
    part = {"documents": 2, "classes": {"neg": 1, "pos": 1}, "length_quantiles": {"0.5": 3}}
    with mlflow.start_run(tags={"dataset.digest": "1"}) as run:
        mlflow.log_params({"corpus": "'zwölf klassen.csv'", "test_size": "0.2", "splits": "''"})
        mlflow.log_dict({"train": part}, "profile/profile.json")
    data = _describe_dataset(mlflow.get_run(run.info.run_id), ["neg", "pos"])
    assert (data["corpus"], data["source"], data["split"]) == (
        "zwölf klassen.csv",
        "zwölf klassen.csv",
        "test_size=0.2",
    )


def test_the_classes_of_the_dataset_are_below_each_other_since_a_page_has_no_room_for_columns_of_many(tracked):
    classes = [f"a long name {number}" for number in range(12)]
    profile = {
        split: {
            "documents": 12,
            "classes": dict.fromkeys(classes[: 12 - place], 1 + place),
            "length_quantiles": {"0.5": 3},
            "labelled_by": {"human": 12},
        }
        for place, split in enumerate(("train", "test"))
    }
    with mlflow.start_run(tags={"dataset.digest": "1"}) as run:
        mlflow.log_params({"corpus": "c.csv"})
        mlflow.log_dict(profile, "profile/profile.json")
    table = _describe_dataset(mlflow.get_run(run.info.run_id), classes)["table"]
    assert table[:3] == [["", "train", "test"], ["texts", 12, 12], ["median words", "3", "3"]]
    assert table[3] == ["labelled by human", 12, 12]
    assert table[4] == ["class a long name 0", 1, 2] and table[-1] == ["class a long name 11", 1, 0]
    assert len(table) == 4 + len(classes)


def test_the_card_of_a_first_champion_does_not_say_that_there_is_none_yet():
    """Register copies the card, and adds that the version is champion."""
    assert _compare_with_champion("m", None, None, None, None) == (None, "m had no champion before.")


@pytest.mark.parametrize(
    "classes, words, said",
    [
        (3, (9, 9), "c.csv (9 words in 90% of them) into class 0, class 1, class 2. A text"),
        (12, (2, 9), "c.csv (2 to 9 words in 90% of them) into class 0, class 1, class 2, class 3, class 4, class 5, "),
    ],
)
def test_the_intended_use_is_short_also_with_many_classes_and_has_both_ends_of_the_interval(classes, words, said):
    profile = {"classes": {f"class {number}": 9 for number in range(classes)}}
    profile |= {"length_quantiles": dict(zip(("0.05", "0.95"), words))}
    winner = row("simple", 0.9, 1.0) | {"test_accuracy_low": 0.986, "test_accuracy_high": 1.0}
    comparison = {"rows": [winner], "winner": "simple", "behaviour": {"simple": []}, "slices": [], "truth": {}}
    use, _, accuracy, *_ = _list_limits(
        comparison | {"test_documents": 270}, {"corpus": "c.csv", "profile": {"train": profile}}
    )
    assert said in use and ("class 9 and 2 more. A text" in use) == (classes == 12)
    assert "95% interval from 0.986 to 1.000" in accuracy
