"""The main job on movie_reviews beside a plain Keras Tuner search, one after the other on the same machine.

    NLTK_DATA=… python benchmarks/main.py            # prints the table and keeps it in benchmarks/main.md

The main job tunes three families, compares, registers and logs all of it; the peer (keras_tuner_dense.py) tunes one
network and logs nothing.
"""

import json
import statistics
import sys
import tempfile
from pathlib import Path

from project import comparison, mlflow_run, timed
from report import MACHINE, keep


def main_job(corpus):
    """Seconds of the whole process, and the rows of comparison.json."""
    with tempfile.TemporaryDirectory() as folder:
        seconds, _ = mlflow_run(folder, "main", f"corpus={corpus}")
        return seconds, comparison()["rows"]


def peer(trials=50):
    """Seconds of the whole process, and what it printed."""
    script = Path(__file__).with_name("keras_tuner_dense.py")
    seconds, printed = timed([sys.executable, str(script), str(trials)])
    return seconds, json.loads(printed.splitlines()[-1])


def main(repeats=1):
    sample, ours, theirs = [], [], []
    for _ in range(repeats):
        sample.append(main_job("sample"))
        ours.append(main_job("movie_reviews"))
        theirs.append(peer())

    def seconds(measured):
        return statistics.median(second for second, _ in measured)

    plain = theirs[-1][1]
    lines = [
        "# Main job beside a plain Keras Tuner search",
        "",
        f"{MACHINE}, {repeats} run(s) each, medians.",
        "",
        "| job | seconds | of the peer's time |",
        "|---|---|---|",
        f"| `mlflow run .` on the sample | {seconds(sample):.0f} | |",
        f"| `mlflow run . -P corpus=movie_reviews`, 3 families | {seconds(ours):.0f} "
        f"| {seconds(ours) / seconds(theirs):.2f} |",
        f"| plain Keras Tuner, {plain['trials']} trials of a dense network, no tracking | {seconds(theirs):.0f} | 1 |",
        "",
        "| movie_reviews, same test split | validation accuracy, own split each | test accuracy | 95% interval |",
        "|---|---|---|---|",
    ]
    for row in ours[-1][1]:
        interval = f"{row['test_accuracy_low']:.3f} to {row['test_accuracy_high']:.3f}"
        lines.append(
            f"| {row['family']} | {row['validation_accuracy']:.4f} | {row['test_accuracy']:.4f} | {interval} |"
        )
    lines.append(f"| dense, plain Keras Tuner | {plain['validation_accuracy']:.4f} | {plain['test_accuracy']:.4f} | |")
    lines += [
        "",
        "The validation accuracies are not comparable: the peer's split is smaller, and its value is of the best of",
        "its trials on the texts by which it was chosen. Ours are of texts by which no trial was chosen.",
    ]
    keep(__file__, lines)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
