"""Recording of requests without delaying them; :mod:`sentiment.serving.writer` logs them as traces."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from typing import IO, Any, cast

import mlflow
import pandas as pd

from sentiment.corpora.lengths import count_words
from sentiment.model.text.tweets import replace_surrogates

WAITING = 5_000  # requests that wait to be written; further ones are dropped and counted
WAITING_CHARACTERS = 50_000_000  # the same limit for their texts together
PAUSE = 2.0  # seconds between two traces, each of all requests in between
TEXTS = 100  # kept of a request
LONGEST = 10_000  # characters kept of a text
CLOSE_TIMEOUT = 20.0  # seconds for the last trace
NOT_ANSWERED = "not answered"  # prefix of an error that is not an exception


class Recorder:
    """Hands requests to a process that logs them, so that logging takes no CPU time from the server's process.

    Args:
        name: registered model that is served.
        experiment_id: experiment of the traces.
        run_id: the serve run, whose metrics count recorded and dropped requests.
        with_text: whether texts are kept; if not, only their SHA-256, their length and the classes of exceptions are.
    """

    def __init__(self, name: str, experiment_id: str, run_id: str, with_text: bool) -> None:
        self._with_text = with_text
        self._lock = threading.Lock()
        self._waiting: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self._size = self._dropped = 0
        self._writer = subprocess.Popen(
            [sys.executable, "-m", "sentiment.serving.writer", name, experiment_id, run_id],
            env=os.environ | {"MLFLOW_TRACKING_URI": mlflow.get_tracking_uri()},
            stdin=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C ends the server; the writer ends when it has written everything
        )
        self._pipe = cast(IO[bytes], self._writer.stdin)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._hand_over, daemon=True)
        self._thread.start()

    def record(
        self,
        started: int,
        ended: int,
        version: str,
        asked: pd.DataFrame | list[Any],
        answer: pd.DataFrame | None,
        error: str | None,
    ) -> None:
        """Record a request; returns at once.

        Args:
            started: when the request came, in nanoseconds since the epoch.
            ended: when it was answered, in the same unit.
            version: of the model.
            asked: a DataFrame with one column, or a list; its values need not be strings.
            answer: DataFrame with the columns label and score; None if there was an error.
            error: an exception, ``CLASS: MESSAGE``, or what begins with ``NOT_ANSWERED``; None if it was answered.
        """
        if error and not self._with_text and not error.startswith(NOT_ANSWERED):
            error = error.partition(":")[0]  # the message may quote a text
        texts = asked.iloc[:, 0].tolist() if isinstance(asked, pd.DataFrame) else list(asked)
        inputs = self._inputs([text if isinstance(text, str) else str(text) for text in texts[:TEXTS]], len(texts))
        size = sum(map(len, inputs.get("texts", ())))
        with self._lock:
            if len(self._waiting) < WAITING and self._size + size < WAITING_CHARACTERS:
                self._waiting.append((inputs, _outputs(started, ended, version, answer, error)))
                self._size += size
            else:
                self._dropped += 1

    def close_on(self, number: int) -> None:
        """Write the waiting requests before a signal ends the process; to be called in the main thread.

        uvicorn restores this handler when it has finished its requests, and raises the signal again.
        """
        before = signal.getsignal(number)

        def end(*_: Any) -> None:
            self.close()
            signal.signal(number, before)
            signal.raise_signal(number)

        signal.signal(number, end)

    def close(self) -> None:
        """Hand over the waiting requests, and wait until they are written."""
        self._stop.set()
        self._thread.join(timeout=CLOSE_TIMEOUT)
        with self._lock:
            left, self._waiting = len(self._waiting), []
            self._dropped += left  # the thread reports the number if the writer still gets that far
        if left:
            print(f"serve: {left} requests not recorded before serve ended", file=sys.stderr, flush=True)
        try:
            self._writer.wait(timeout=CLOSE_TIMEOUT)
        except subprocess.TimeoutExpired:
            print(
                f"serve: the last requests are not recorded yet after {CLOSE_TIMEOUT:g} seconds; process "
                f"{self._writer.pid} goes on with them unless it is ended, too",
                file=sys.stderr,
                flush=True,
            )

    def _hand_over(self) -> None:
        stopping = False
        try:
            with self._pipe:  # closing it ends the writer
                while not stopping:
                    stopping = self._stop.wait(PAUSE)
                    with self._lock:
                        batch, self._waiting, self._size = self._waiting, [], 0
                    line = json.dumps({"requests": batch, "dropped": self._dropped}) + "\n"
                    self._pipe.write(line.encode("ascii"))  # waits for a writer that is behind
                    self._pipe.flush()
        except OSError as error:
            print(
                f"serve: requests are no longer recorded, the writer process has ended ({error})",
                file=sys.stderr,
                flush=True,
            )

    def _inputs(self, texts: list[str], count: int) -> dict[str, Any]:
        # A trace with a lone surrogate cannot be stored, and it also holds others' requests.
        lengths = {"words": [count_words(text) for text in texts], "count": count}
        if self._with_text:
            return {"texts": [replace_surrogates(text[:LONGEST]) for text in texts], **lengths}
        return {"sha256": [hashlib.sha256(text.encode("utf-8", "replace")).hexdigest() for text in texts], **lengths}


def _outputs(started: int, ended: int, version: str, answer: pd.DataFrame | None, error: str | None) -> dict[str, Any]:
    return {
        "at": started // 1_000_000,
        "latency_ms": (ended - started) / 1e6,
        "version": version,
        "labels": [] if answer is None else answer["label"].tolist()[:TEXTS],
        "scores": [] if answer is None else answer["score"].tolist()[:TEXTS],
        "error": error and replace_surrogates(error),
    }
