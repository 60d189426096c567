"""The data check of ingest in this process, and its list given back with corrections=."""

import csv
import sqlite3
from contextlib import closing

import mlflow
import numpy as np
import pandas as pd
import pytest

from sentiment.artifacts import artifacts
from sentiment.corpora.reading import CorpusInput
from sentiment.tracking import DATA_CHECK
from sentiment.workflow.parameters import IngestParameters
from steps.ingest import ingest


def run_ingest(**parameters):
    given = IngestParameters(**parameters)
    with mlflow.start_run() as run:
        ingest(given, CorpusInput(given.source))
    return mlflow.get_run(run.info.run_id)


def test_a_corrected_list_comes_back_and_the_run_says_so(tracked, tmp_path, capsys):
    random = np.random.default_rng(0)
    true = np.array(["bad", "good"] * 150)
    labels = np.where(np.arange(300) % 25 == 0, true[::-1], true)
    texts = [
        " ".join([*random.choice(["film", "plot", "star", "song"], 3), label, f"\r{number}"])
        for number, label in enumerate(true)
    ]
    corpus = tmp_path / "reviews.jsonl"
    pd.DataFrame({"text": texts, "label": labels}).to_json(corpus, orient="records", lines=True)
    first = run_ingest(corpus=str(corpus))
    suspects = pd.read_csv(artifacts(first.info.run_id, "profile/label_suspects.csv"))
    assert (suspects["listed_label"] == suspects["label"]).all()
    assert 8 <= len(suspects) <= 12 and first.data.metrics["label_suspects"] == len(suspects)
    assert "**Likely label errors**" in first.data.tags["mlflow.note.content"]

    suspects["label"] = suspects["suggested"]
    suspects.loc[0, "label"] = ""
    suspects.to_csv(tmp_path / "fixed.csv", index=False, quoting=csv.QUOTE_NONNUMERIC)  # as it was, for the \r
    second = run_ingest(corpus=str(corpus), corrections=str(tmp_path / "fixed.csv"))
    said = f"Labels corrected with corrections=: {len(suspects) - 1} ("
    assert said in second.data.tags["mlflow.note.content"] and said in capsys.readouterr().out
    titles = [
        found["title"] for found in mlflow.artifacts.load_dict(f"runs:/{second.info.run_id}/{DATA_CHECK}")["findings"]
    ]
    assert "Corrected labels" in titles
    assert second.data.metrics["corrected_labels"] == len(suspects) - 1
    assert second.data.metrics["dropped_by_corrections"] == 1
    assert second.data.metrics["label_suspects"] < len(suspects) / 2


def test_a_dataset_says_which_texts_are_copies_where_there_are_some(tracked, tmp_path):
    words = np.random.default_rng(0).choice(
        ["film", "plot", "star", "song", "scene", "actor", "score", "end"], (40, 12)
    )
    texts = [" ".join(row) + f" {number}" for number, row in enumerate(words)]
    rows = pd.DataFrame({"text": texts, "label": ["bad", "good"] * 20})
    copied = pd.concat([rows, rows[:10].assign(text=rows["text"][:10] + " anew")])
    columns = {}
    for name, frame in {"rows": rows, "copied": copied}.items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
        run = run_ingest(corpus=str(tmp_path / f"{name}.csv"))
        folder = artifacts(run.info.run_id, "dataset")
        columns[name] = pd.concat([pd.read_parquet(file) for file in folder.glob("*.parquet")])
    assert list(columns["rows"]) == ["id", "text", "label"]
    by_group = columns["copied"].groupby("group")["text"].apply(sorted)
    assert sorted(group for group in by_group if len(group) > 1) == sorted(
        [text, f"{text} anew"] for text in texts[:10]
    )


def test_the_same_texts_from_elsewhere_are_logged_with_their_own_source(tracked, tmp_path):
    words = np.random.default_rng(0).choice(["film", "plot", "star", "song"], (40, 6))
    texts = [f"{' '.join(row)} {number}" for number, row in enumerate(words)]
    rows = pd.DataFrame({"text": texts, "label": ["bad", "good"] * 20})
    for folder in ("first", "second"):  # so that the datasets have one name, too
        (tmp_path / folder).mkdir()
        rows.to_csv(tmp_path / folder / "reviews.csv", index=False)
        run = run_ingest(corpus=str(tmp_path / folder / "reviews.csv"))
        sources = {logged.dataset.source for logged in run.inputs.dataset_inputs}
        assert len(run.inputs.dataset_inputs) == 3 and len(sources) == 1 and f"{folder}/reviews.csv" in sources.pop()


def test_a_long_query_leaves_room_for_what_the_description_says_of_the_data(tracked, tmp_path):
    pytest.importorskip("sqlglot", reason="sqlglot is not installed: requirements-sql.txt")
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database:
        database.execute("create table reviews (text text, label text)")
        rows = [(f"{word} film {number}", word) for number in range(20) for word in ("bad", "good")]
        database.executemany("insert into reviews values (?, ?)", rows)
        database.commit()
    query = f"select text, label from reviews where length(text) not in ({', '.join(map(str, range(1_000, 3_000)))})"
    run = run_ingest(corpus=f"sqlite:///{tmp_path}/shop.db", query=query)
    note = run.data.tags["mlflow.note.content"]
    assert "| train |" in note and "**Class balance**" in note and "where length(text) not in (1000" in note


def test_a_run_says_what_is_not_as_the_source_has_split_it(tracked, tmp_path):
    splits = ["train"] * 90 + ["test"] * 30 + ["unsupervised"] * 7
    words = np.random.default_rng(0).choice(["film", "plot", "star", "song"], (len(splits), 6))
    texts = [f"{' '.join(row)} {number}" for number, row in enumerate(words)]
    rows = pd.DataFrame({"text": texts, "label": (["bad", "good"] * 64)[: len(splits)], "split": splits})
    rows.loc[90, "text"] = rows.loc[0, "text"].upper()  # a copy in the test split
    rows.to_csv(tmp_path / "reviews.csv", index=False)
    run = run_ingest(corpus=str(tmp_path / "reviews.csv"), splits="source")
    assert run.data.metrics["dropped_in_other_splits"] == 7
    says = [
        "7 rows are left out, since their split is not train, validation or test: 'unsupervised'",
        "1 texts occur in two splits of the source, and are kept in the later one",
        "the source has no validation split with labels: 0.2 of its training split are taken for it",
    ]
    check = mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/{DATA_CHECK}")  # the review card shows it
    assert f"{'; '.join(says)}." in [found["says"] for found in check["findings"]]
    assert "; ".join(says) in run.data.tags["mlflow.note.content"]


def test_the_description_of_a_corpus_of_very_many_classes_has_the_data_check_and_the_largest_classes(tracked, tmp_path):
    random = np.random.default_rng(0)
    labels = [f"department of customer service {number}" for number in [*range(220)] * 4 + [219] * 8]
    texts = [" ".join(random.choice(["film", "plot", "star", "song"], 6)) + f" {n}" for n in range(len(labels))]
    pd.DataFrame({"text": texts, "label": labels}).to_csv(tmp_path / "reviews.csv", index=False)
    note = run_ingest(corpus=str(tmp_path / "reviews.csv")).data.tags["mlflow.note.content"]
    assert len(note) < 8000 and 0 < note.index("**Class balance**") < note.index("| median words |")
    rows = [line for line in note.splitlines() if line.startswith("| department of customer service")]
    assert len(rows) == 20 and rows[0].startswith("| department of customer service 219 |")
    assert note.endswith("and 200 more classes, in `profile/profile.json`")
