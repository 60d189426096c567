"""training: the whole chain, from a corpus to a registered model, held to the gate."""

from datetime import timedelta

from airflow.sdk import Param, dag, task
from airflow.sdk.exceptions import AirflowFailException
from defaults import DAG, TASKS
from entry_points import Found, run_entry_point


@dag(
    schedule="@weekly",
    default_args=TASKS
    | {
        "retries": 3,  # each goes on from what has finished: main reuses finished steps and trials
        "retry_delay": timedelta(minutes=10),
        "execution_timeout": timedelta(hours=6),
    },
    params={
        "corpus": Param("sample", description="a file, a folder, a URL of a database"),
        "registered_model": Param("sentiment"),
        "gates": Param("", description="thresholds of the gate, such as accuracy>=0.85"),
        "more": Param({}, type="object", description="more parameters of main"),
    },
    **DAG,
)
def training() -> None:
    @task
    def train(params: dict) -> str:
        given = {name: params[name] for name in ("corpus", "registered_model", "gates")} | params["more"]
        try:
            run_entry_point("main", **{"fail_on_gate": "true"} | given)
        except Found as gate:
            raise AirflowFailException(str(gate)) from gate  # the same data would not pass a second time
        return run_entry_point("report", registered_model=params["registered_model"])

    train()


training()
