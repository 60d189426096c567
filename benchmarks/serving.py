"""What serving a model of this project costs beside a bare scikit-learn pipeline of the same kind.

    NLTK_DATA=… python benchmarks/serving.py [requests]     # prints the table and keeps it in serving.md

``simple`` with a linear SVM over TF-IDF, trained on movie_reviews, beside a TfidfVectorizer with a calibrated
LinearSVC, and ``simple`` with its blend beside the same with a second TfidfVectorizer of characters, the pipelines
logged as they are: each behind ``mlflow models serve``, one review a request, in turn, and 1,000 in one, and without a
server.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from project import find_runs, mlflow_run
from report import MACHINE, keep
from sklearn.calibration import CalibratedClassifierCV
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

from sentiment.model.text.chargrams import MAX_GRAMS, MAX_SIZE, MIN_SIZE

MANY = 1000
PAIRS = {"simple, linear_svm": "bare, words", "simple, blend (the default)": "bare, words and characters"}


def trained(folder):
    """URIs of the models by their names, the bare pipelines by theirs, and texts to ask about."""
    mlflow_run(folder, "ingest", "corpus=movie_reviews")
    mlflow_run(folder, "featurize")
    uris, bare = {}, {}
    for name, classifier in zip(PAIRS, ("linear_svm", "blend")):
        mlflow_run(folder, "train", f"classifier={classifier} max_order=2 max_terms=20000")
        uris[name] = find_runs("train")[0].data.tags["model_uri"]
    dataset = Path(mlflow.artifacts.download_artifacts(f"runs:/{find_runs('ingest')[0].info.run_id}/dataset"))
    train, test = (pd.read_parquet(dataset / f"{part}.parquet") for part in ("train", "test"))
    words = TfidfVectorizer(ngram_range=(1, 2), max_features=20_000, sublinear_tf=True)
    sizes = {"ngram_range": (MIN_SIZE, MAX_SIZE), "max_features": MAX_GRAMS}
    characters = TfidfVectorizer(analyzer="char_wb", sublinear_tf=True, **sizes)
    for name, vectorizer in zip(PAIRS.values(), (words, make_union(words, characters))):
        bare[name] = make_pipeline(vectorizer, CalibratedClassifierCV(LinearSVC(), cv=3, ensemble=False))
        bare[name].fit(train["text"], train["label"])
        with mlflow.start_run():
            info = mlflow.sklearn.log_model(
                bare[name], name="bare", skops_trusted_types=TRUSTED, pyfunc_predict_fn="predict_proba"
            )
        uris[name] = info.model_uri
    return uris, bare, test["text"].tolist()


def start(stack, folder, command, port):
    """Start a server, wait until it answers, and return its process."""
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5).close()
            return process
        except OSError:
            assert process.poll() is None, command
            time.sleep(0.2)


def serve(stack, folder, uri, port):
    """Start a server and return a function that posts a body and gives the seconds."""
    start(stack, folder, ["mlflow", "models", "serve", "-m", uri, "--env-manager", "local", "-p", str(port)], port)

    def ask(texts):
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/invocations",
            json.dumps({"inputs": texts}).encode("utf-8"),
            {"Content-Type": "application/json"},
        )
        started = time.perf_counter()
        with urllib.request.urlopen(request) as response:
            assert len(json.load(response)["predictions"]) == len(texts)
        return time.perf_counter() - started

    return ask


def seconds(function, repeats=3):
    """Median of the duration of a call."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        function()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main(requests):
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        uris, bare, texts = trained(folder)
        ask = {name: serve(stack, folder, uri, 5100 + number) for number, (name, uri) in enumerate(uris.items())}
        many = (texts * MANY)[:MANY]
        one = {name: [] for name in ask}
        for number in range(
            -20, requests
        ):  # in turn, so that what disturbs one disturbs the others; the first do not count
            for name, post in ask.items():
                taken = post([texts[number % len(texts)]])
                if number >= 0:
                    one[name].append(1000 * taken)
        thousand = {name: seconds(lambda post=post: post(many)) for name, post in ask.items()}
        frame = pd.DataFrame({"text": many})
        direct = {name: seconds(lambda model=model: model.predict_proba(many)) for name, model in bare.items()}
        for name in PAIRS:
            model = mlflow.pyfunc.load_model(uris[name])
            direct[name] = seconds(partial(model.predict, frame))
    rows = []
    for ours, theirs in PAIRS.items():
        base = np.percentile(one[theirs], (50, 99))
        for name in (theirs, ours):
            (p50, p99), (r50, r99) = np.percentile(one[name], (50, 99)), np.percentile(one[name], (50, 99)) / base
            rows.append(
                f"| {name} | {p50:.1f} | {r50:.2f} | {p99:.1f} | {r99:.2f} | {MANY / thousand[name]:.0f} "
                f"| {MANY / direct[name]:.0f} | {direct[theirs] / direct[name]:.2f} |"
            )
    keep(
        __file__,
        [
            "# Serving beside a bare scikit-learn pipeline",
            "",
            f"{MACHINE}; {requests} requests each in turn, whole movie reviews (4 kB on average).",
            "",
            "| | p50 ms | of the bare | p99 ms | of the bare | reviews/s, 1,000 a request | reviews/s without a server "
            "| of the bare |",
            "|---|---|---|---|---|---|---|---|",
            *rows,
        ],
    )


TRUSTED = [
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
]

if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
