"""Steps on a standalone Spark cluster of this machine, two one-core workers against one.

    NLTK_DATA=… python benchmarks/spark.py trials [runs]     # a search of 16 lstm trials
    NLTK_DATA=… python benchmarks/spark.py texts [size]      # ingest and featurize of 100,000 texts, also without Spark

Each prints its table and keeps it in spark.md, beside the other one; needs Java. Each run has a master and its workers,
and a tracking server where there are trials, of its own.
"""

import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack, closing
from pathlib import Path

import mlflow
import pyspark
from growth import run_step, write_corpus
from project import command, find_runs, timed
from report import MACHINE, keep

from sentiment.workflow.launch import use_this_python

TRIALS = 16
TEXTS = 100_000
SPARK = Path(pyspark.__path__[0])


def free_port():
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(answers):
    while True:
        try:
            return answers()
        except OSError:
            time.sleep(0.2)


def start(stack, command, **more):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)
    stack.callback(process.wait)
    stack.callback(process.terminate)


def start_cluster(stack, workers, folder):
    """The URL of a master with so many one-core workers, and the environment of who uses it."""
    master, web = free_port(), free_port()
    ours = os.environ | {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable, "SPARK_WORKER_DIR": folder}
    spark = [str(SPARK / "bin" / "spark-class"), "org.apache.spark.deploy"]
    url = f"spark://127.0.0.1:{master}"
    listen = ["--host", "127.0.0.1", "--port", str(master), "--webui-port", str(web)]
    start(stack, [spark[0], f"{spark[1]}.master.Master", *listen], env=ours)
    wait_for(lambda: socket.create_connection(("127.0.0.1", master), timeout=1).close())
    for _ in range(workers):
        one_core = ["--cores", "1", "--memory", "4g", "--host", "127.0.0.1", "--webui-port", "0", url]
        start(stack, [spark[0], f"{spark[1]}.worker.Worker", *one_core], env=ours)
    return url, ours


def run_trials(workers):
    """``step_seconds`` with so many workers: the JVM's start, the trials, and the best model once more."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        tracking = free_port()
        server = [
            "mlflow",
            "server",
            "--port",
            str(tracking),
            "--workers",
            "1",
            "--backend-store-uri",
            "sqlite:///mlflow.db",
        ]
        start(stack, server, cwd=folder)
        uri = f"http://127.0.0.1:{tracking}"
        wait_for(lambda: urllib.request.urlopen(f"{uri}/health", timeout=5))
        url, ours = start_cluster(stack, workers, folder)
        ours["MLFLOW_TRACKING_URI"] = uri
        search = f"family=lstm max_evals={TRIALS} prune=false engine=spark spark_master={url} parallelism={workers}"
        for step in (("ingest", "corpus=movie_reviews"), ("featurize",), ("tune", search)):
            timed(command(*step), cwd=folder, env=ours)
        mlflow.set_tracking_uri(uri)
        found = mlflow.search_runs(["0"], "tags.trial != ''", output_format="list")
        assert len(found) == TRIALS and {trial.info.status for trial in found} == {"FINISHED"}
        begun, ended = (
            pick(getattr(trial.info, at) for trial in found) for pick, at in ((min, "start_time"), (max, "end_time"))
        )
        return find_runs("tune")[0].data.metrics["step_seconds"], (ended - begun) / 1000


def run_texts(corpus, workers):
    """Wall and CPU seconds, memory and the result's digest of ingest and featurize; without workers on no cluster.

    CPU seconds and memory are those of the step's own process.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        engine = []
        if workers:
            url, ours = start_cluster(stack, workers, str(folder))
            os.environ |= ours
            engine = ["--engine=spark", f"--spark_master={url}"]
        found = {}
        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        for step in (["ingest", f"--corpus={corpus}"], ["featurize"]):
            figures = run_step(folder, [*step, *engine])
            latest = find_runs(step[0])[0]
            seconds = {"seconds": latest.data.metrics["step_seconds"]}
            found[step[0]] = figures | seconds | {"digest": latest.data.tags["step.output_digest"]}
            print(workers, step[0], json.dumps(found[step[0]]), flush=True)
        return found


def measure_trials(repeats):
    measured = [(run_trials(1), run_trials(2)) for _ in range(repeats)]
    rows = []
    for place, what in enumerate(("the tune step", "its trials, from the first's start to the last's end")):
        one, two = (statistics.median(pair[workers][place] for pair in measured) for workers in (0, 1))
        rows.append(f"| {what} | {one:.0f} s | {two:.0f} s | {one / two:.2f} |")
    return [
        f"# {TRIALS} lstm trials on a standalone Spark cluster",
        "",
        f"{MACHINE}, pyspark {pyspark.__version__}, "
        f"{repeats} run(s) each, medians; master, workers and tracking server on the same machine.",
        "",
        "| movie_reviews | one worker | two workers | ratio |",
        "|---|---|---|---|",
        *rows,
    ]


def measure_texts(size):
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus.csv"
        write_corpus(corpus, size)
        found = [run_texts(corpus, workers) for workers in (0, 1, 2)]
    rows = []
    for step in ("ingest", "featurize"):
        here, one, two = (each[step] for each in found)
        assert here["digest"] == one["digest"] == two["digest"]
        cells = [f"{each['seconds']:.0f} s, {each['cpu']:.0f} CPU s" for each in (here, one, two)]
        rows.append(f"| {step} | {' | '.join(cells)} | {one['seconds'] / two['seconds']:.2f} |")
    return [
        f"# {size:,} texts on a standalone Spark cluster",
        "",
        f"{MACHINE}, pyspark {pyspark.__version__}, one run each; master and workers on the same machine. Seconds of "
        "the step, with the JVM's start, and CPU seconds of its own process, imports included, without the workers. "
        "The results have the same digests.",
        "",
        "| texts of about 20 words | without Spark | one worker | two workers | ratio of the last |",
        "|---|---|---|---|---|",
        *rows,
    ]


def main(what="trials", count=None):
    use_this_python()
    new = measure_trials(int(count or 1)) if what == "trials" else measure_texts(int(count or TEXTS))
    kept = Path(__file__).with_suffix(".md")
    tables = re.split(r"\n+(?=# )", kept.read_text(encoding="utf-8").strip()) if kept.exists() else []
    others = [table for table in tables if f" {what} on " not in table.partition("\n")[0]]
    keep(__file__, ["\n\n".join([*others, "\n".join(new)])])


if __name__ == "__main__":
    main(*sys.argv[1:])
