"""The well-known search, 50 random trials of a dense network on movie_reviews, beside the plain Keras Tuner script.

    NLTK_DATA=… python benchmarks/dense_search.py [runs] [trials]     # prints the table and keeps it in dense_search.md

Both have the same space, epochs and splits; ours without pruning, with a run for each trial. One after the other, in
turn.
"""

import statistics
import sys
import tempfile

from main import peer
from project import find_runs, mlflow_run
from report import MACHINE, keep

from sentiment.runs import child_runs


def ours(trials):
    """Seconds of ingest, featurize and tune, of tune alone, and the best validation accuracy."""
    with tempfile.TemporaryDirectory() as folder:
        before = [mlflow_run(folder, *step)[0] for step in (("ingest", "corpus=movie_reviews"), ("featurize",))]
        search = f"family=dense tuner=keras_tuner algo=random max_evals={trials} epochs=5 prune=false"
        seconds, _ = mlflow_run(folder, "tune", search)
        (tune,) = find_runs("tune")
        children = [run for run in child_runs(tune) if run.info.status == "FINISHED" and "trial" in run.data.tags]
        assert len(children) == trials
        return sum(before) + seconds, seconds, tune.data.metrics["validation_accuracy"]


def main(repeats, trials):
    pairs = [(peer(trials), ours(trials)) for _ in range(repeats)]
    theirs = statistics.median(plain[0] for plain, _ in pairs)
    whole, tune = (statistics.median(own[place] for _, own in pairs) for place in (0, 1))
    best = pairs[-1][0][1]["validation_accuracy"], pairs[-1][1][2]
    table = f"""# {trials} trials of a dense network on movie_reviews

{MACHINE}; medians of {repeats}, in turn.

| | seconds | of the plain script | best validation accuracy |
|---|---|---|---|
| plain Keras Tuner, no tracking (keras_tuner_dense.py) | {theirs:.0f} | 1 | {best[0]:.4f} |
| `mlflow run . -e tune`, {trials} child runs | {tune:.0f} | {tune / theirs:.2f} | {best[1]:.4f} |
| the same with ingest and featurize before it | {whole:.0f} | {whole / theirs:.2f} | |"""
    keep(__file__, [table])


if __name__ == "__main__":
    main(*(int(given) for given in sys.argv[1:]), *(3, 50)[len(sys.argv) - 1 :])
