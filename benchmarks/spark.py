"""A search of 16 lstm trials on a standalone Spark cluster of this machine: two one-core workers against one.

    NLTK_DATA=… python benchmarks/spark.py [runs]     # prints the table and keeps it in spark.md; needs Java

Each run has a master, its workers and a tracking server of its own.
"""

import os
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
from report import MACHINE, keep

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from sentiment.workflow.launch import use_this_python

TRIALS = 16
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


def run(workers):
    """``step_seconds`` with so many workers: the JVM's start, the trials, and the best model once more."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        tracking, master, web = free_port(), free_port(), free_port()
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
        ours = os.environ | {
            "MLFLOW_TRACKING_URI": uri,
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_WORKER_DIR": folder,
        }
        spark = [str(SPARK / "bin" / "spark-class"), "org.apache.spark.deploy"]
        url = f"spark://127.0.0.1:{master}"
        listen = ["--host", "127.0.0.1", "--port", str(master), "--webui-port", str(web)]
        start(stack, [spark[0], f"{spark[1]}.master.Master", *listen], env=ours)
        wait_for(lambda: socket.create_connection(("127.0.0.1", master), timeout=1).close())
        for _ in range(workers):
            one_core = ["--cores", "1", "--memory", "4g", "--host", "127.0.0.1", "--webui-port", "0", url]
            start(stack, [spark[0], f"{spark[1]}.worker.Worker", *one_core], env=ours)
        project = ["mlflow", "run", str(HERE.parent), "--env-manager", "local", "-e"]
        search = f"family=lstm max_evals={TRIALS} prune=false engine=spark spark_master={url} parallelism={workers}"
        for step in (
            ["ingest", "-P", "corpus=movie_reviews"],
            ["featurize"],
            ["tune", *(part for given in search.split() for part in ("-P", given))],
        ):
            subprocess.run([*project, *step], cwd=folder, env=ours, check=True, capture_output=True)
        mlflow.set_tracking_uri(uri)
        found = mlflow.search_runs(["0"], "tags.trial != ''", output_format="list")
        assert len(found) == TRIALS and {trial.info.status for trial in found} == {"FINISHED"}
        begun, ended = (
            pick(getattr(trial.info, at) for trial in found) for pick, at in ((min, "start_time"), (max, "end_time"))
        )
        tune = mlflow.search_runs(["0"], "tags.`mlflow.project.entryPoint` = 'tune'", output_format="list")[0]
        return tune.data.metrics["step_seconds"], (ended - begun) / 1000


def main(repeats):
    use_this_python()
    measured = [(run(1), run(2)) for _ in range(repeats)]
    rows = []
    for place, what in enumerate(("the tune step", "its trials, from the first's start to the last's end")):
        one, two = (statistics.median(pair[workers][place] for pair in measured) for workers in (0, 1))
        rows.append(f"| {what} | {one:.0f} s | {two:.0f} s | {one / two:.2f} |")
    keep(
        __file__,
        [
            f"# {TRIALS} lstm trials on a standalone Spark cluster",
            "",
            f"{MACHINE}, pyspark {pyspark.__version__}, "
            f"{repeats} run(s) each, medians; master, workers and tracking server on the same machine.",
            "",
            "| movie_reviews | one worker | two workers | ratio |",
            "|---|---|---|---|",
            *rows,
        ],
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
