"""Messages to people, through apprise: the Airflow variable ``sentiment_notify`` has the addresses.

A variable may come from a secrets backend or from AIRFLOW_VAR_SENTIMENT_NOTIFY; without one nobody is told.
"""

from typing import Any

import apprise
from airflow.sdk import Variable


def notify(title: str, text: str) -> None:
    """Send a message to each address, such as ``slack://…`` or ``mailto://…``."""
    sender = apprise.Apprise(Variable.get("sentiment_notify", default="").split())
    if len(sender) and not sender.notify(title=title, body=text):
        raise RuntimeError("not everybody could be told: the log has why")


def notify_failure(context: Any) -> None:
    """A callback for ``on_failure_callback``."""
    task = context["task_instance"]
    notify(f"{task.dag_id}.{task.task_id} failed", str(context.get("exception", "")))
