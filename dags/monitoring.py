"""monitoring: check the champion's requests or a batch; on an alert, send a message, and retrain on labels."""

from datetime import timedelta

from airflow.sdk import Param, dag, task
from airflow.sdk.exceptions import AirflowSkipException
from defaults import DAG, TASKS
from entry_points import Found, run_entry_point
from notifications import notify


@dag(
    schedule="@daily",
    default_args=TASKS,
    params={
        "registered_model": Param("sentiment"),
        "batch": Param("", description="a labelled file; without one the recorded requests of the last 24 hours"),
        "more": Param({}, type="object", description="more parameters of monitor, such as accuracy_drop"),
    },
    **DAG,
)
def monitoring() -> None:
    @task.short_circuit
    def watch(params: dict) -> str:
        """The alert; an empty one ends the run here."""
        given = {name: params[name] for name in ("registered_model", "batch")} | params["more"]
        try:
            run_entry_point("monitor", **{"fail_on_alert": "true"} | given)
        except Found as alert:
            return str(alert)
        return ""

    @task
    def tell(alert: str, params: dict) -> None:
        notify(f"{params['registered_model']} alerts", alert)

    @task(execution_timeout=timedelta(hours=6))
    def retrain(params: dict) -> None:
        if not params["batch"]:
            raise AirflowSkipException("recorded requests have no labels: give a batch to train again")
        given = {name: params[name] for name in ("registered_model", "batch")} | params["more"]
        run_entry_point("monitor", **given | {"retrain": "true"})

    alert = watch()
    tell(alert)
    alert >> retrain()


monitoring()
