"""The well-known search, 50 random trials of a dense network on movie_reviews, beside the plain Keras Tuner script.

    NLTK_DATA=… python benchmarks/dense_search.py [runs] [trials]     # prints the table and keeps it in dense_search.md

Both have the same space, epochs and splits; ours without pruning, with a run for each trial. One after the other, in
turn.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mlflow import MlflowClient
from report import MACHINE, PROJECT, keep

from sentiment.workflow.launch import use_this_python


def timed(command, **more):
    """Seconds of a whole process, and what it printed."""
    started = time.time()
    process = subprocess.run(command, check=True, capture_output=True, text=True, **more)
    return time.time() - started, process.stdout


def ours(trials):
    """Seconds of ingest, featurize and tune, of tune alone, and the best validation accuracy."""
    with tempfile.TemporaryDirectory() as folder:
        run = ["mlflow", "run", str(PROJECT), "--env-manager", "local", "-e"]
        before = [
            timed([*run, *step], cwd=folder)[0] for step in (["ingest", "-P", "corpus=movie_reviews"], ["featurize"])
        ]
        search = f"family=dense tuner=keras_tuner algo=random max_evals={trials} epochs=5 prune=false"
        given = [part for parameter in search.split() for part in ("-P", parameter)]
        seconds, _ = timed([*run, "tune", *given], cwd=folder)
        # A client of its own: mlflow.set_tracking_uri would hold for the next round's processes, too.
        client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
        found = client.search_runs(["0"], "attributes.status = 'FINISHED'", order_by=["start_time"])
        children = [run for run in found if "trial" in run.data.tags]
        assert len(children) == trials
        tune = next(run for run in found if run.data.tags["mlflow.project.entryPoint"] == "tune")
        return sum(before) + seconds, seconds, tune.data.metrics["validation_accuracy"]


def plain(trials):
    """Seconds of the whole script, and the best validation accuracy."""
    seconds, printed = timed([sys.executable, str(Path(__file__).with_name("keras_tuner_dense.py")), str(trials)])
    return seconds, json.loads(printed.splitlines()[-1])["validation_accuracy"]


def main(repeats, trials):
    use_this_python()
    pairs = [(plain(trials), ours(trials)) for _ in range(repeats)]
    theirs = statistics.median(peer[0] for peer, _ in pairs)
    whole, tune = (statistics.median(own[place] for _, own in pairs) for place in (0, 1))
    table = f"""# {trials} trials of a dense network on movie_reviews

{MACHINE}; medians of {repeats}, in turn.

| | seconds | of the plain script | best validation accuracy |
|---|---|---|---|
| plain Keras Tuner, no tracking (keras_tuner_dense.py) | {theirs:.0f} | 1 | {pairs[-1][0][1]:.4f} |
| `mlflow run . -e tune`, {trials} child runs | {tune:.0f} | {tune / theirs:.2f} | {pairs[-1][1][2]:.4f} |
| the same with ingest and featurize before it | {whole:.0f} | {whole / theirs:.2f} | |"""
    keep(__file__, [table])


if __name__ == "__main__":
    main(*(int(given) for given in sys.argv[1:]), *(3, 50)[len(sys.argv) - 1 :])
