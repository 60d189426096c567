"""``python -m sentiment.serving.writer MODEL EXPERIMENT RUN``: requests from standard input, a line a trace, into MLflow.

A process of its own, and of low priority: it takes the processor time that the server leaves.
"""

import json
import os
import sys
import time

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from sentiment.workflow.process import check_tracking_server, quieten

MODEL = "sentiment.model"  # tag of a trace: the registered model
RECORDED, DROPPED = "requests_recorded", "requests_dropped"  # metrics of the serve run
REPORT = 10.0  # seconds between two reports of them


class Writer:
    """Writes requests as traces, and counts.

    Args:
        name: registered model.
        experiment_id: where the traces go.
        run_id: the serve run.
    """

    def __init__(self, name, experiment_id, run_id):
        self._name, self._experiment, self._run = name, experiment_id, run_id
        self._recorded = self._failed = self._dropped = 0
        self._reported = None
        self._next_report = time.time() + REPORT
        self._trouble = None

    def take(self, requests, dropped):
        """Write some requests.

        Args:
            requests: list of pairs of what was asked and what was answered, dicts.
            dropped: number of requests so far that the server did not keep.
        """
        self._dropped = dropped
        if requests:
            try:
                self._write(requests)
                self._recorded += len(requests)
            except Exception as error:  # whatever it is, it costs these requests, which are counted; the next are tried
                self._failed += len(requests)
                if str(error) != self._trouble:
                    self._trouble = str(error)
                    print(f"serve: requests are not recorded: {error}", file=sys.stderr, flush=True)
        if time.time() > self._next_report:
            self.report()

    def report(self):
        """Log the counts, where they have changed and the store can be reached."""
        self._next_report = time.time() + REPORT
        counts = {RECORDED: self._recorded, DROPPED: self._failed + self._dropped}
        if counts == self._reported:
            return
        try:
            check_tracking_server(mlflow.get_tracking_uri())
            for name, count in counts.items():
                MlflowClient().log_metric(self._run, name, count)
            self._reported = counts
        except Exception as error:  # they are logged next time
            self._trouble = str(error)

    def _write(self, requests):
        check_tracking_server(mlflow.get_tracking_uri())  # MLflow would try for long
        span = mlflow.start_span_no_context(
            "requests",
            inputs=[given for given, _ in requests],
            attributes={"dropped_so_far": self._failed + self._dropped},
            tags={MODEL: self._name},
            experiment_id=self._experiment,
            start_time_ns=min(answered["at"] for _, answered in requests) * 1_000_000,
        )
        span.end(outputs=[answered for _, answered in requests])
        # MLflow logs what fails in a trace's export and goes on.
        if mlflow.get_trace(span.trace_id) is None:
            raise MlflowException("the trace has not arrived")


def main(name, experiment_id, run_id):
    quieten()
    os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = "false"  # this process is what waits for the store
    if hasattr(os, "nice"):
        os.nice(10)
    writer = Writer(name, experiment_id, run_id)
    for line in sys.stdin:
        writer.take(**json.loads(line))
    writer.report()


if __name__ == "__main__":
    main(*sys.argv[1:])
