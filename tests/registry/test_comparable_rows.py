"""Which texts a champion has seen: those that the splits take for the same text, however they are written."""

import json
import shutil
from types import SimpleNamespace

import mlflow
import pandas as pd
import pytest

from sentiment.artifacts import artifacts, log_parquet
from sentiment.registry.comparable_rows import NotComparable, comparable_rows, trained_on, training_texts
from sentiment.tracking import classes_tag

SEEN = [f"A film that I saw {number} times." for number in range(40)]
UNSEEN = [f"Nobody has seen this one, number {number}" for number in range(40)]


@pytest.fixture
def ingest(tracked):
    def log_dataset(digest, groups=None, labelled_by=None, **texts):
        """An ingest run; a split whose texts are not given has one that is in no other dataset.

        ``groups`` are the numbers of near-duplicates by the text; a text that it lacks is its own group.
        ``labelled_by`` are labelers by the text; people labelled a text that it lacks.
        """
        with mlflow.start_run(tags={"mlflow.project.entryPoint": "ingest", "dataset.digest": digest}) as run:
            for split in ("train", "validation", "test"):
                found = texts.get(split, [f"{digest} {split}"])
                part = pd.DataFrame({"text": found})
                if groups:
                    part["group"] = [groups.get(text, hash(text)) for text in found]
                if labelled_by:
                    part["labelled_by"] = [labelled_by.get(text, "human") for text in found]
                log_parquet(part, f"dataset/{split}.parquet")
        return mlflow.get_run(run.info.run_id)

    return log_dataset


def champion_of(run, **tags):
    found = {"dataset.digest": run.data.tags["dataset.digest"], "ingest_run": run.info.run_id}
    return SimpleNamespace(name="m", version="1", source="models:/dev/7", tags=found | tags)


def test_a_text_that_is_only_written_otherwise_is_one_that_the_champion_was_trained_on(ingest):
    run = ingest("a", train=[*SEEN[:39], "!!"], validation=SEEN[39:])
    asked = pd.Series([SEEN[0].upper(), f" {SEEN[39][:-1]}?! ", "!!", "??", None, UNSEEN[0]])
    found = trained_on(artifacts(run.info.run_id, "dataset"), asked)
    assert found.tolist() == [True, True, True, False, False, False]


def test_texts_that_differ_in_an_emoji_from_those_that_the_champion_was_trained_on_are_unseen(ingest):
    champion = ingest("a", train=[f"{text} 😍" for text in SEEN])
    others = [f"{text} 😡" for text in SEEN]
    assert not trained_on(artifacts(champion.info.run_id, "dataset"), pd.Series(others)).any()


def test_a_test_text_that_is_only_written_otherwise_is_no_unseen_one(ingest):
    champion = champion_of(ingest("a", train=SEEN))
    rewritten = [text.lower().rstrip(".") for text in SEEN]  # the same corpus in lower case
    rows = comparable_rows(champion, ["neg", "pos"], ingest("b", test=[*rewritten, *UNSEEN]))
    assert rows.tolist() == [False] * 40 + [True] * 40


def test_a_near_duplicate_of_a_text_that_the_champion_was_trained_on_is_no_unseen_one(ingest):
    champion = champion_of(ingest("a", train=SEEN))
    copies = {f"{text} Indeed.": number for number, text in enumerate(SEEN)}  # as ingest groups them
    groups = copies | {text: number for number, text in enumerate(SEEN)}
    grown = ingest("b", groups, train=SEEN[:20], test=[*SEEN[20:], *copies, *UNSEEN])
    assert comparable_rows(champion, ["neg", "pos"], grown).tolist() == [False] * 60 + [True] * 40
    # Those that the source itself has put into the test split, which the champion was measured on, stay.
    champion = champion_of(ingest("c", groups, train=SEEN, test=[*copies]))
    rows = comparable_rows(champion, ["neg", "pos"], ingest("d", groups, train=SEEN, test=[*copies, UNSEEN[0]]))
    assert rows.all() and len(rows) == 41


def test_the_texts_that_a_version_was_made_from_are_known_in_their_comparison_form(tracked, ingest):
    run = ingest("a", train=["Great!"], validation=["Bad..."], test=["Neither"])
    tracked.create_registered_model("m")
    tracked.create_model_version("m", "file:///nowhere", tags={"ingest_run": run.info.run_id})
    assert training_texts("models:/m/1") == {"great", "bad"} and training_texts("models:/m@champion") == set()


def test_a_champion_of_more_classes_than_a_tag_holds_is_compared_by_those_of_its_corpus(ingest):
    classes = [f"довольно плохой отзыв о товаре {number:03}" for number in range(200)]
    run = ingest("a", test=UNSEEN)
    with mlflow.start_run(run_id=run.info.run_id):
        mlflow.log_dict({"train": {"classes": dict.fromkeys(classes, 3)}}, "profile/profile.json")
    escaped = json.dumps(classes)[:8000]  # as earlier releases wrote it, and MLflow cut it
    for tag in (classes_tag(classes), escaped):
        assert comparable_rows(champion_of(run, classes=tag), classes, run).all()
        with pytest.raises(NotComparable, match="knows other classes"):
            comparable_rows(champion_of(run, classes=tag), [*classes, "новый"], run)
        with pytest.raises(NotComparable, match="has more classes than its tag classes holds, and "):
            comparable_rows(champion_of(run, classes=tag, ingest_run="0" * 32), classes, run)


def test_classes_are_readable_in_a_tag_and_those_that_earlier_releases_escaped_are_known(ingest):
    classes, run = ["Enttäuschend", "очень хороший"], ingest("a", test=UNSEEN)
    assert classes_tag(classes) == '["Enttäuschend", "очень хороший"]'
    for tag in (classes_tag(classes), json.dumps(classes)):
        assert comparable_rows(champion_of(run, classes=tag), classes, run).all()


@pytest.mark.parametrize("unseen, compared", [(30, True), (29, False)])
def test_a_comparison_needs_30_texts_that_the_champion_has_not_seen(ingest, unseen, compared):
    champion, grown = champion_of(ingest("a", train=SEEN)), ingest("b", test=[*SEEN, *UNSEEN[:unseen]])
    if compared:
        assert comparable_rows(champion, ["neg", "pos"], grown).sum() == unseen
    else:
        with pytest.raises(NotComparable, match="has seen all but 29 of these 69 test documents"):
            comparable_rows(champion, ["neg", "pos"], grown)


@pytest.mark.parametrize(
    "labeler, counts",
    [("models:/m/1", False), ("vader + models:/m/1", False), ("models:/dev/7", False), ("models:/m/2", True)],
)
def test_on_labels_that_it_gave_itself_the_champion_is_not_compared(ingest, labeler, counts):
    champion = champion_of(ingest("a", train=SEEN))
    test = [*SEEN[:5], *UNSEEN]
    grown = ingest("b", labelled_by=dict.fromkeys(UNSEEN[30:], labeler), train=SEEN[5:], test=test)
    rows = comparable_rows(champion, ["neg", "pos"], grown)
    assert rows.tolist() == [False] * 5 + [True] * 30 + [counts] * 10
    grown = ingest("c", labelled_by=dict.fromkeys(UNSEEN[29:], labeler), train=SEEN[5:], test=test)
    if counts:
        assert comparable_rows(champion, ["neg", "pos"], grown).sum() == 40
    else:
        with pytest.raises(NotComparable, match="only 29 of the 40 test documents that it has not seen have human"):
            comparable_rows(champion, ["neg", "pos"], grown)


@pytest.mark.parametrize("kept, same", [(20, True), (19, False)])
def test_a_corpus_with_half_of_the_champions_texts_is_the_same_however_much_it_has_grown(ingest, kept, same):
    champion = champion_of(ingest("a", train=SEEN[:38], validation=["!"], test=["?"]))
    grown = ingest("b", train=[*SEEN[:kept], *(f"new {number}" for number in range(200))], test=UNSEEN)
    if same:
        assert comparable_rows(champion, ["neg", "pos"], grown).all()
    else:
        with pytest.raises(NotComparable, match="is of another corpus .48% of its 40 documents are in this one"):
            comparable_rows(champion, ["neg", "pos"], grown)


def test_a_champion_whose_corpus_was_deleted_is_not_compared_with_and_its_texts_are_not_known(tracked, ingest):
    run = ingest("a", train=SEEN)
    tracked.create_registered_model("m")
    for known in (run.info.run_id, "0" * 32):  # in the trash, and purged
        tracked.create_model_version("m", "file:///nowhere", tags={"ingest_run": known})
    tracked.delete_run(run.info.run_id)
    with pytest.raises(NotComparable, match="was trained on a corpus that is gone"):
        comparable_rows(champion_of(run), ["neg", "pos"], ingest("b", test=[*SEEN, *UNSEEN]))
    shutil.rmtree(artifacts(run.info.run_id, "dataset"))
    assert training_texts("models:/m/1") == training_texts("models:/m/2") == set()
    tracked.delete_model_version("m", "2")
    assert training_texts("models:/m/2") == set()
