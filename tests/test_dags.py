"""What the DAGs run in the project's environment; tests/system/test_airflow.py runs the DAGs themselves."""

import runpy
import sys

import pandas as pd
import pytest
from sqlalchemy import create_engine

from sentiment.artifacts import log_parquet
from tests.conftest import PROJECT


def test_the_corpus_that_was_asked_for_is_loaded_whatever_else_was_ingested_since(tracked, tmp_path, monkeypatch):
    def ingest(text, corpus, **tags):
        run = tracked.create_run("0", tags={"mlflow.project.entryPoint": "ingest"} | tags).info.run_id
        tracked.log_param(run, "corpus", corpus)
        for split in ("train", "validation", "test"):
            part = pd.DataFrame({"id": ["1"], "text": [f"{text} {split}"], "label": ["pos"]})
            log_parquet(part, f"dataset/{split}.parquet", run)
        tracked.set_terminated(run)

    def load(corpus):
        monkeypatch.setattr(sys, "argv", ["load.py", "texts", corpus])
        runpy.run_path(str(PROJECT / "dags" / "load.py"))

    ingest("older", "'my reviews.csv'")
    ingest("wanted", "'my reviews.csv'")
    ingest("of a chain", "'my reviews.csv'", **{"mlflow.parentRunId": "0" * 32})
    ingest("other", "sample")
    monkeypatch.setenv("WAREHOUSE_URL", f"sqlite:///{tmp_path}/warehouse.db")
    load("my reviews.csv")
    load("my reviews.csv")  # as after a retry
    found = pd.read_sql("select * from texts", create_engine(f"sqlite:///{tmp_path}/warehouse.db"))
    assert sorted(found["text"]) == ["wanted test", "wanted train", "wanted validation"]
    with pytest.raises(SystemExit, match="no finished ingest run of elsewhere.csv"):
        load("elsewhere.csv")


def test_what_a_task_is_given_more_replaces_its_own_and_lists_are_joined(monkeypatch):
    monkeypatch.syspath_prepend(str(PROJECT / "dags"))
    import entry_points

    given = []
    monkeypatch.setattr(entry_points, "run_python", lambda *arguments: given.extend(arguments))
    more = {"reuse": "false", "label_by": ["a", "b"], "query": None}
    entry_points.run_entry_point("ingest", **{"reuse": "true"} | more)
    assert given == ["-m", "steps", "ingest", "--reuse=false", "--label_by=a,b"]
