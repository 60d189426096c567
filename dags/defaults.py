"""What the DAGs have in common: arguments of a DAG, and of its tasks."""

from datetime import timedelta

import pendulum
from notifications import notify_failure

DAG = {"start_date": pendulum.datetime(2026, 1, 1), "catchup": False, "max_active_runs": 1}
TASKS = {
    "retries": 2,
    "retry_delay": timedelta(minutes=5),
    "execution_timeout": timedelta(hours=1),
    "on_failure_callback": notify_failure,
}
