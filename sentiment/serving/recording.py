"""Requests taken down beside the requests and never in their way; :mod:`sentiment.serving.writer` makes traces of them."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading

import mlflow
import pandas as pd

from sentiment.paths import PROJECT_ROOT

WAITING = 5_000  # requests that wait to be written; those that come while so many do are dropped, and counted
WAITING_CHARACTERS = 50_000_000  # the same of their texts
PAUSE = 2.0  # seconds between two traces, each of the requests of that time
TEXTS = 100  # of a request that are kept
LONGEST = 10_000  # characters of a text that are kept
CLOSING = 20.0  # seconds for the last trace


class Recorder:
    """Hands requests to a process that writes them, so that what a trace costs is not taken from the requests' processor time.

    Args:
        name: registered model that is served.
        experiment_id: where the traces go.
        run_id: the serve run, whose metrics count what was recorded and what was dropped.
        with_text: whether the texts are kept; else their SHA-256 and their length.
    """

    def __init__(self, name, experiment_id, run_id, with_text):
        self._with_text = with_text
        self._waiting, self._size, self._dropped, self._lock = [], 0, 0, threading.Lock()
        self._writer = subprocess.Popen(
            [sys.executable, "-m", "sentiment.serving.writer", name, experiment_id, run_id],
            env=os.environ | {"PYTHONPATH": str(PROJECT_ROOT), "MLFLOW_TRACKING_URI": mlflow.get_tracking_uri()},
            stdin=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the server; the writer ends when it has written all
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._hand_on, daemon=True)
        self._thread.start()

    def record(self, started, ended, version, asked, answer, error):
        """Take down a request; returns at once.

        Args:
            started: nanoseconds since the epoch.
            ended: the same.
            version: of the model, a str.
            asked: DataFrame with one column, or list, of str, or of what came in their place.
            answer: DataFrame with label and score, or None.
            error: what went wrong, in words, or None.
        """
        texts = asked.iloc[:, 0].tolist() if isinstance(asked, pd.DataFrame) else list(asked)
        given = self._given([text if isinstance(text, str) else str(text) for text in texts[:TEXTS]], len(texts))
        size = sum(map(len, given.get("texts", ())))
        with self._lock:
            if len(self._waiting) < WAITING and self._size + size < WAITING_CHARACTERS:
                self._waiting.append((given, _answered(started, ended, version, answer, error)))
                self._size += size
            else:
                self._dropped += 1

    def close_on(self, number):
        """Write what waits before a signal ends the process; to be called in the main thread.

        uvicorn puts this handler back once it has ended its requests, and raises the signal again.
        """
        before = signal.getsignal(number)

        def end(*_):
            self.close()
            signal.signal(number, before)
            signal.raise_signal(number)

        signal.signal(number, end)

    def close(self):
        """Hand on what waits, and wait until it is written."""
        self._stop.set()
        self._thread.join(timeout=CLOSING)
        try:
            self._writer.stdin.close()
            self._writer.wait(timeout=CLOSING)
        except (OSError, subprocess.TimeoutExpired) as reason:
            print(f"serve: the last requests may not have been recorded: {reason}", file=sys.stderr, flush=True)

    def _hand_on(self):
        stopping = False
        while not stopping:
            stopping = self._stop.wait(PAUSE)
            with self._lock:
                batch, self._waiting, self._size = self._waiting, [], 0
            line = json.dumps({"requests": batch, "dropped": self._dropped}) + "\n"
            try:
                self._writer.stdin.write(line.encode("ascii"))  # waits for a writer that is behind
                self._writer.stdin.flush()
            except OSError as reason:
                print(
                    f"serve: no request is recorded any more, the writer is gone ({reason})",
                    file=sys.stderr,
                    flush=True,
                )
                return

    def _given(self, texts, count):
        lengths = {"words": [len(text.split()) for text in texts], "count": count}
        if self._with_text:
            return {"texts": [text[:LONGEST] for text in texts], **lengths}
        return {"sha256": [hashlib.sha256(text.encode("utf-8", "replace")).hexdigest() for text in texts], **lengths}


def _answered(started, ended, version, answer, error):
    return {
        "at": started // 1_000_000,
        "latency_ms": (ended - started) / 1e6,
        "version": version,
        "labels": answer["label"].tolist()[:TEXTS] if error is None else [],
        "scores": answer["score"].tolist()[:TEXTS] if error is None else [],
        "error": error,
    }
