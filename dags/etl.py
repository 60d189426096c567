"""etl: read texts from a source, label them where that is asked, split them, and load them into a table."""

from datetime import timedelta
from pathlib import Path

import pendulum
from airflow.sdk import Param, dag, task
from entry_points import run_entry_point, run_python
from notifications import notify_failure


@dag(
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={
        "retries": 2,
        "retry_delay": timedelta(minutes=5),
        "execution_timeout": timedelta(hours=1),
        "on_failure_callback": notify_failure,
    },
    params={
        "corpus": Param("sample", description="a file, a folder, a URL of a database"),
        "text_column": Param("text"),
        "label_column": Param("label"),
        "more": Param({}, type="object", description="more parameters of ingest, such as query and label_by"),
        "table": Param("labelled_texts", description="table of the database in WAREHOUSE_URL"),
    },
)
def etl() -> None:
    @task
    def extract(params: dict) -> None:
        columns = {name: params[name] for name in ("corpus", "text_column", "label_column")}
        run_entry_point("ingest", reuse="true", **columns | params["more"])

    @task
    def load(params: dict) -> None:
        run_python(str(Path(__file__).with_name("load.py")), params["table"])

    extract() >> load()


etl()
