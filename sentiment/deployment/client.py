"""Requests to a model's server on this machine."""

import http.client
import json
from typing import Any

REQUEST_TIMEOUT = 300.0  # seconds that a server may take for a request


def ask(port: int, method: str, path: str, body: object = None, timeout: float = REQUEST_TIMEOUT) -> tuple[int, str]:
    """Status and body of an answer; raises OSError and HTTPException if there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8")
    finally:
        connection.close()


def ask_for_labels(port: int, texts: list[str]) -> list[dict[str, Any]]:
    """A dict with label and score for each text; raises ValueError if the server answers something else."""
    status, body = ask(port, "POST", "/invocations", {"inputs": texts})
    if status != 200:
        raise ValueError(f"/invocations gives status {status} for {len(texts)} texts: {body[:300]}")
    return check_labels(json.loads(body).get("predictions", []), texts)


def check_labels(rows: Any, texts: list[str]) -> list[dict[str, Any]]:
    """The rows of an answer; raises ValueError if there is not a label and a score for each text."""
    if len(rows) != len(texts) or not all({"label", "score"} <= row.keys() for row in rows):
        raise ValueError(f"expected a label and a score for {len(texts)} texts, got {str(rows)[:300]}")
    return rows
