"""etl: read texts from a source, label them where that is asked, split them, and load them into a table."""

from pathlib import Path
from uuid import uuid4

from airflow.sdk import Param, dag, task
from defaults import DAG, TASKS
from entry_points import run_entry_point, run_python


@dag(
    schedule="@daily",
    default_args=TASKS,
    params={
        "corpus": Param("sample", description="a file, a folder, a URL of a database"),
        "text_column": Param("text"),
        "label_column": Param("label"),
        "more": Param({}, type="object", description="more parameters of ingest, such as query and label_by"),
        "table": Param("labelled_texts", description="table of the database in WAREHOUSE_URL"),
    },
    **DAG,
)
def etl() -> None:
    @task
    def extract(params: dict) -> str:
        """A tag of the ingest run, by which the next task finds it among those of others."""
        tag = uuid4().hex
        columns = {name: params[name] for name in ("corpus", "text_column", "label_column")}
        run_entry_point("ingest", {"etl.extract": tag}, **{"reuse": "true"} | columns | params["more"])
        return tag

    @task
    def load(tag: str, params: dict) -> None:
        run_python(str(Path(__file__).with_name("load.py")), params["table"], tag)

    load(extract())


etl()
