"""monitoring: look at what the champion is asked; on an alert tell people, and train again if there are labels."""

from datetime import timedelta

import pendulum
from airflow.sdk import Param, dag, task
from airflow.sdk.exceptions import AirflowSkipException
from entry_points import Found, run_entry_point
from notifications import notify, notify_failure


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
        "registered_model": Param("sentiment"),
        "batch": Param("", description="a labelled file; without one the recorded requests of the last 24 hours"),
        "more": Param({}, type="object", description="more parameters of monitor, such as accuracy_drop"),
    },
)
def monitoring() -> None:
    @task.short_circuit
    def watch(params: dict) -> str:
        """The alert; an empty one ends the run here."""
        given = {name: params[name] for name in ("registered_model", "batch")} | params["more"]
        try:
            run_entry_point("monitor", fail_on_alert="true", **given)
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
        run_entry_point("monitor", retrain="true", **given)

    alert = watch()
    tell(alert)
    alert >> retrain()


monitoring()
