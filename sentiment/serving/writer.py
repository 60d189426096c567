"""``python -m sentiment.serving.writer MODEL EXPERIMENT RUN``: log requests from standard input, one trace per line.

This is a separate process with low priority, so that it uses the CPU time that the server leaves.
"""

import json
import os
import statistics
import sys
import time
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from sentiment.tracking import TRACE_MODEL
from sentiment.workflow.process import check_tracking_server, quieten

RECORDED, DROPPED = "requests_recorded", "requests_dropped"  # metrics of the serve run
REPORT = 10.0  # seconds between two updates of them


class Writer:
    """Logs requests as traces, and counts them.

    Args:
        name: registered model.
        experiment_id: experiment of the traces.
        run_id: the serve run.
    """

    def __init__(self, name: str, experiment_id: str, run_id: str) -> None:
        self._name, self._experiment, self._run = name, experiment_id, run_id
        self._recorded = self._failed = self._dropped = 0
        self._reported: dict[str, int] | None = None
        self._next_report = time.time() + REPORT
        self._trouble: str | None = None

    def take(self, requests: list[tuple[dict[str, Any], dict[str, Any]]], dropped: int) -> None:
        """Log some requests.

        Args:
            requests: pairs of inputs and outputs.
            dropped: number of requests that the server has dropped so far.
        """
        self._dropped = dropped
        if requests:
            try:
                self._write(requests)
                self._recorded += len(requests)
                self._trouble = None  # report a recurrence
            except Exception as error:  # these requests are lost and counted; the next ones are tried
                self._failed += len(requests)
                if str(error) != self._trouble:
                    self._trouble = str(error)
                    print(f"serve: requests are not recorded: {error}", file=sys.stderr, flush=True)
        if time.time() > self._next_report:
            self.report()

    def report(self) -> None:
        """Log the counts if they have changed and the store can be reached."""
        self._next_report = time.time() + REPORT
        counts = {RECORDED: self._recorded, DROPPED: self._failed + self._dropped}
        if counts == self._reported:
            return
        try:
            check_tracking_server(mlflow.get_tracking_uri())
            for name, count in counts.items():
                MlflowClient().log_metric(self._run, name, count)
            self._reported = counts
        except Exception:  # the counts are logged next time; take reports lost requests
            return

    def _write(self, requests: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
        check_tracking_server(mlflow.get_tracking_uri())  # MLflow itself would retry for minutes
        count = len(requests)
        latencies = [outputs["latency_ms"] for _, outputs in requests]
        attributes = {
            "requests": count,
            "latency_ms_median": statistics.median(latencies),
            "latency_ms_max": max(latencies),
            "dropped_so_far": self._failed + self._dropped,
            "duration": "time from the first request to the last, not their latency",
        }
        span = mlflow.start_span_no_context(
            f"{count} request{'s' if count > 1 else ''}",
            inputs=[inputs for inputs, _ in requests],
            attributes=attributes,
            tags={TRACE_MODEL: self._name},
            experiment_id=self._experiment,
            start_time_ns=min(outputs["at"] for _, outputs in requests) * 1_000_000,
        )
        last = max(outputs["at"] + outputs["latency_ms"] for _, outputs in requests)
        span.end(outputs=[outputs for _, outputs in requests], end_time_ns=int(last * 1_000_000))
        # MLflow does not raise failures of a trace's export: it logs them.
        if mlflow.get_trace(span.trace_id) is None:
            raise MlflowException("the trace is not in the store")


def main(name: str, experiment_id: str, run_id: str) -> None:
    quieten()
    os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = "false"  # this process may wait for the store
    if hasattr(os, "nice"):
        os.nice(10)
    writer = Writer(name, experiment_id, run_id)
    for line in sys.stdin:
        if line.endswith("\n"):
            writer.take(**json.loads(line))
        else:
            print("serve: the server ended before its last requests were recorded", file=sys.stderr, flush=True)
    writer.report()


if __name__ == "__main__":
    main(*sys.argv[1:])
