"""The best trial after the same wall time on movie_reviews, with pruning and without, over several seeds.

    NLTK_DATA=… python benchmarks/pruning.py [seeds] [trials]     # prints the table and keeps it in pruning.md

For each seed a random search of so many trials without pruning, and then one with pruning that is stopped after as
long. The points of a random search do not depend on results: both try the same ones in the same order.
"""

import statistics
import subprocess
import sys
import tempfile
import time

import mlflow
from project import command, environment, mlflow_run
from report import MACHINE, keep

from sentiment.runs import child_runs

FAMILY, EPOCHS, ENDLESS = "dense", 10, 1000


def search(folder, seed, prune, trials, seconds=None):
    """The trials that ended, as pairs of seconds since the start and validation accuracy (None: pruned)."""
    started = time.time()
    given = f"family={FAMILY} epochs={EPOCHS} algo=random max_evals={trials} seed={seed} prune={str(prune).lower()}"
    process = subprocess.Popen(
        command("tune", given),
        cwd=folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.wait()
    run = mlflow.search_runs(["0"], "tags.`mlflow.project.entryPoint` = 'tune'", max_results=1, output_format="list")[0]
    return [
        (child.info.end_time / 1000 - started, child.data.metrics.get("validation_accuracy"))
        for child in child_runs(run)
        if child.info.status == "FINISHED" and "trial" in child.data.tags
    ]


def best(trials, seconds):
    return max(accuracy for end, accuracy in trials if accuracy is not None and end <= seconds)


def main(seeds, trials):
    rows, differences = [], []
    with tempfile.TemporaryDirectory() as folder:
        mlflow_run(folder, "ingest", "corpus=movie_reviews")
        mlflow_run(folder, "featurize")
        for seed in range(1, seeds + 1):
            plain = search(folder, seed, False, trials)
            seconds = max(end for end, _ in plain)
            pruned = [trial for trial in search(folder, seed, True, ENDLESS, seconds) if trial[0] <= seconds]
            without, within = best(plain, seconds), best(pruned, seconds)
            differences.append(within - without)
            stopped = sum(accuracy is None for _, accuracy in pruned)
            rows.append(
                f"| {seed} | {seconds:.0f} | {len(plain)} | {without:.4f} | {len(pruned)} | {stopped} | {within:.4f} "
                f"| {100 * (within - without):+.2f} |"
            )
            print(rows[-1], flush=True)
    keep(
        __file__,
        [
            f"# Pruned and not pruned for the same time: {FAMILY}, {EPOCHS} epochs, on movie_reviews",
            "",
            f"{MACHINE}. On average pruning is "
            f"{100 * statistics.mean(differences):+.2f} points, at worst {100 * min(differences):+.2f}.",
            "",
            "| seed | seconds | trials | best | trials with pruning | of them pruned | best | points |",
            "|---|---|---|---|---|---|---|---|",
            *rows,
        ],
    )


if __name__ == "__main__":
    main(*(int(given) for given in sys.argv[1:]), *(5, 30)[len(sys.argv) - 1 :])
