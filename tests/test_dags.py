"""What the DAGs run in the project's environment; tests/system/test_airflow.py runs the DAGs themselves."""

import runpy
import sys
from types import SimpleNamespace

import mlflow
import pandas as pd
import pytest
from sqlalchemy import create_engine

from sentiment.artifacts import log_parquet
from tests.conftest import PROJECT


@pytest.fixture
def etl(monkeypatch):
    """Runs the tasks of the DAG ``etl`` one after the other, without Airflow; a task is a function that is called."""

    def dag(**_):
        return lambda function: function

    def task(function):
        return lambda *given: function(*given, **({"params": params} if "params" in function.__annotations__ else {}))

    params = {"table": "texts"}
    sdk = SimpleNamespace(Param=lambda default, **_: default, dag=dag, task=task)
    modules = {"airflow": SimpleNamespace(sdk=sdk), "airflow.sdk": sdk, "defaults": SimpleNamespace(DAG={}, TASKS={})}
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.syspath_prepend(str(PROJECT / "dags"))
    return lambda **given: (params.update(given), runpy.run_path(str(PROJECT / "dags" / "etl.py")))


def ingest(text, **params):
    with mlflow.start_run(tags={"mlflow.project.entryPoint": "ingest"}):
        mlflow.log_params(params)
        for split in ("train", "validation", "test"):
            part = pd.DataFrame({"id": ["1"], "text": [f"{text} {split}"], "label": ["pos"]})
            log_parquet(part, f"dataset/{split}.parquet")


def load(tag, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["load.py", "texts", tag])
    runpy.run_path(str(PROJECT / "dags" / "load.py"))


def test_the_rows_that_were_asked_for_are_loaded_whatever_else_is_ingested(tracked, tmp_path, monkeypatch, etl):
    import entry_points

    def start(command, env, **_):
        """What the process does: the ingest run of this DAG and then one of somebody else, or the load."""
        if command[1:4] == ["-m", "steps", "ingest"]:
            given = dict(argument[2:].split("=", 1) for argument in command[4:])
            with pytest.MonkeyPatch.context() as context:
                context.setenv("MLFLOW_RUN_CONTEXT", env["MLFLOW_RUN_CONTEXT"])
                ingest(f"{given['corpus']} {given['query']}", **given)
            ingest("of others", **given | {"query": "select 2"})
        else:
            loaded.append(command[-1])
            load(loaded[-1], monkeypatch)
        return SimpleNamespace(stdout=["done"], wait=lambda: 0, returncode=0)

    loaded = []
    monkeypatch.setattr(entry_points, "subprocess", SimpleNamespace(Popen=start, PIPE=None, STDOUT=None))
    monkeypatch.setenv("WAREHOUSE_URL", f"sqlite:///{tmp_path}/warehouse.db")
    etl(corpus="sample", text_column="text", label_column="label", more={"corpus": "db", "query": "select 1"})
    load(loaded[-1], monkeypatch)  # as after a retry
    found = pd.read_sql("select * from texts", create_engine(f"sqlite:///{tmp_path}/warehouse.db"))
    assert sorted(found["text"]) == [f"db select 1 {split}" for split in ("test", "train", "validation")]
    with pytest.raises(SystemExit, match="no finished ingest run with the tag etl.extract=none"):
        load("none", monkeypatch)


def test_what_a_task_is_given_more_replaces_its_own_and_lists_are_joined(monkeypatch):
    monkeypatch.syspath_prepend(str(PROJECT / "dags"))
    import entry_points

    given = []
    monkeypatch.setattr(entry_points, "run_python", lambda *arguments, **_: given.extend(arguments))
    more = {"reuse": "false", "label_by": ["a", "b"], "query": None}
    entry_points.run_entry_point("ingest", **{"reuse": "true"} | more)
    assert given == ["-m", "steps", "ingest", "--reuse=false", "--label_by=a,b"]
